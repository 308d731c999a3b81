"""Allowed private hosts for platform staff; auth profiles for an account's editors."""

from outbound.admin import allowed_hosts, auth_profiles

__all__ = ["allowed_hosts", "auth_profiles"]
