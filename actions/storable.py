"""What no database takes: PostgreSQL's jsonb refuses U+0000 and halves of surrogate pairs, which JSON can say."""

from __future__ import annotations

import re

from actions.contract import JSON

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str) -> str:
    """``text`` with U+FFFD for the characters that no database takes."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def storable(value: JSON) -> JSON:
    """``value`` with U+FFFD for such characters in every text and every name."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable_text(str(name)): storable(item) for name, item in value.items()}
    return value
