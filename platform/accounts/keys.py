"""The text of an API key: ``tq_<prefix>_<secret>``.

The secret holds 256 random bits, so one round of SHA-256 keeps it as well as a slow password hash would,
and costs the hot path a microsecond.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string

ALPHABET = string.ascii_lowercase + string.digits


def generate() -> tuple[str, str]:
    """A new prefix and the whole plain text."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(10))
    return prefix, f"tq_{prefix}_{secrets.token_urlsafe(32)}"


def prefix_of(plain_text: str) -> str | None:
    """The prefix, or None when the text cannot be one of our keys."""
    parts = plain_text.split("_", 2)
    if len(parts) != 3 or parts[0] != "tq" or not parts[1].isalnum() or not parts[2]:
        return None
    return parts[1]


def digest(plain_text: str) -> str:
    return hashlib.sha256(plain_text.encode()).hexdigest()


def matches(plain_text: str, expected_digest: str) -> bool:
    return hmac.compare_digest(digest(plain_text), expected_digest)
