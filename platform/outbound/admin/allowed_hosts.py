"""Private hosts that an account may reach: granted by platform staff alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_base import AccountAdmin, Rank
from outbound.models import AllowedHost


@admin.register(AllowedHost)
class AllowedHostAdmin(AccountAdmin):
    view_rank = add_rank = change_rank = delete_rank = Rank.STAFF

    fields = ("host", "port", "reason")
    list_display = ("host", "port", "reason", "account", "granted_by", "created_at")
    list_select_related = ("account", "granted_by")
    search_fields = ("host", "reason")

    def save_model(self, request: HttpRequest, obj: AllowedHost, form: Any, change: bool) -> None:
        if not change:
            obj.granted_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
