"""Stepping out of the event loop for a moment to read or write records."""

from accounts.database import in_database

__all__ = ["in_database"]
