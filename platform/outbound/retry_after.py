"""How long an answer asks to wait."""

from __future__ import annotations

import datetime as dt
import math
from email.utils import parsedate_to_datetime

LONGEST_S = 24 * 3600.0


def retry_after_s(header: str) -> float | None:
    """``Retry-After`` (RFC 9110 section 10.2.3): seconds or a date, at most a day; None: nothing, or nonsense."""
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return min(float(header[:9]), LONGEST_S)
    try:
        moment = parsedate_to_datetime(header)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        seconds = (moment - dt.datetime.now(dt.UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_S) if math.isfinite(seconds) else None
