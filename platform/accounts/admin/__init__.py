"""Members and API keys for an account's administrators; accounts and users for platform staff."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import accounts, api_keys, members, users

__all__ = ["accounts", "api_keys", "members", "users"]

# Roles decide here; Django's groups would promise what nobody keeps.
admin.site.unregister(Group)
