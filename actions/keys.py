"""Telephone keys (DTMF, RFC 4733 events 0–15) and the pauses between them."""

from __future__ import annotations

import re

from django.db import models
from django.utils.translation import gettext_lazy as _

from actions.contract import JSON

MOST_KEYS = 32
KEYS = "0123456789*#ABCD"
PAUSE = "w"
KEY_MS, PAUSE_MS = 250, 500
"""How long a tone with the silence after it, and a pause, usually take."""
HIDDEN = "••••"

_KEYS = re.compile(rf"[{re.escape(KEYS)}]*")
_SENDABLE = re.compile(rf"[{re.escape(KEYS)}{PAUSE}]+")
_FILLING = str.maketrans("", "", " .-()\u00a0\u202f")


class Terminator(models.TextChoices):
    NONE = "", _("None")
    HASH = "#", "#"
    STAR = "*", "*"


def are_keys(text: str) -> bool:
    return _KEYS.fullmatch(text) is not None


def sendable(text: str, most: int) -> str | None:
    """``text`` as keys and pauses, without what people write between them; None if it is something else or too long."""
    keys = text.translate(_FILLING)
    return keys if _SENDABLE.fullmatch(keys) and len(keys) <= most else None


def pattern(most: int) -> str:
    """Of one to ``most`` keys and pauses, for a JSON Schema."""
    return f"^[0-9*#A-D{PAUSE}]{{1,{most}}}$"


def duration_ms(keys: str) -> int:
    """An estimate."""
    return sum(PAUSE_MS if key == PAUSE else KEY_MS for key in keys)


def masked(data: dict[str, JSON]) -> dict[str, JSON]:
    """What an event about secret keys may leave in a record: nothing that was pressed, whatever it is called."""
    shown = {name: data[name] for name in ("reason", "tool_call_id") if isinstance(data.get(name), str)}
    return {"digits": HIDDEN, **shown}
