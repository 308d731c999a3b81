"""How long to wait before a request is sent again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BACKOFF_S = 0.1


def wait_s(attempt: int, retry_after_s: float | None) -> float:
    """Before retry number ``attempt``: doubled each time, spread, and not sooner than the server asks for."""
    backoff_s: float = BACKOFF_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
    return max(backoff_s, retry_after_s or 0.0)


def retry_after_s(header: str) -> float | None:
    """Seconds that ``Retry-After`` asks for: a number or a date (RFC 9110, section 10.2.3); None: nothing."""
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return float(header[:12])
    try:
        at = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
