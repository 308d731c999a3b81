"""Values as they are written into addresses, query parameters and headers."""

from __future__ import annotations

import json
import re

from actions.contract import JSON

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def as_text(value: JSON) -> str:
    """Text as it is, None as nothing, everything else as JSON (``true``, ``12``)."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def header_text(value: JSON) -> str:
    """On one line, whatever the value holds: a line break would begin another header."""
    return _CONTROLS.sub(" ", as_text(value)).strip()
