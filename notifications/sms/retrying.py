"""What a provider's HTTP status means to a message."""

from __future__ import annotations

TRANSIENT = frozenset({401, 403, 408, 409, 423, 425, 429})
"""Of the 4xx: 401 and 403 refuse us, not the message; once somebody has set the credentials right, a retry succeeds."""

LONGEST_SAID = 200


def is_permanent(status: int) -> bool:
    """Whether the same message would be refused again. Redirects are not followed: they stand in the settings."""
    return status < 500 and status not in TRANSIENT


def said(text: str) -> str:
    """The beginning of the provider's own words, on one line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:2000]).split())[:LONGEST_SAID]
