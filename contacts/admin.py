"""Contacts, as calls and other systems have told of them; read only."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import RecordAdmin
from contacts.models import Contact


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ("phone", "updated_at", "created_at")
    search_fields = ("phone",)
    search_help_text = _("Search by number")
    fields = ("phone", "attributes", "external_ids", "created_at", "updated_at")
    readonly_fields = fields
