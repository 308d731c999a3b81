"""How long to wait before a request is sent again."""

from __future__ import annotations

import random

BACKOFF_S = 0.1


def wait_s(attempt: int, retry_after_s: float | None) -> float:
    """Before retry number ``attempt``: doubled each time, spread, and not sooner than the server asks for."""
    backoff_s: float = BACKOFF_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
    return max(backoff_s, retry_after_s or 0.0)
