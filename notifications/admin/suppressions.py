"""Addresses that nothing is sent to any more: an administrator may lift one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from accounts.admin_base import AccountAdmin, Rank
from notifications.models import Suppression


@admin.register(Suppression)
class SuppressionAdmin(AccountAdmin):
    """Nobody adds or changes one; deleting it lifts it."""

    list_display = ("address", "reason", "since")
    list_filter = (("reason", ChoicesDropdownFilter),)
    search_fields = ("address",)
    search_help_text = _("Search by address")
    fields = ("address", "reason", "detail", "since")
    readonly_fields = fields
    delete_rank = Rank.ADMIN

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
