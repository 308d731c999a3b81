"""Allowed private hosts for platform staff; auth profiles and language models for an account's editors."""

from outbound.admin import allowed_hosts, auth_profiles, chat_connections

__all__ = ["allowed_hosts", "auth_profiles", "chat_connections"]
