"""Accounts: their administrators name them, platform staff open them and switch their features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_base import PageAdmin, Rank, RolePermissions, rank_of
from accounts.models import Account

STAFF_ONLY = ("slug", "is_active", "before_call_cache")


@admin.register(Account)
class AccountsAdmin(RolePermissions, PageAdmin):
    change_rank = Rank.ADMIN
    add_rank = Rank.STAFF
    in_account = False

    list_display = ("name", "slug", "is_active", "before_call_cache", "created_at")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "is_active", "before_call_cache", "time_zone", "retention_days")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        accounts: QuerySet[Account] = super().get_queryset(request)
        if rank_of(request) >= Rank.STAFF:
            return accounts
        account = request.account  # type: ignore[attr-defined]
        return accounts.filter(pk=account.pk) if account else accounts.none()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return () if rank_of(request) >= Rank.STAFF else STAFF_ONLY

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account goes with all its records: nothing for a button."""
        return False
