"""What no database takes: PostgreSQL's jsonb refuses U+0000 and halves of surrogate pairs, which JSON can say."""

from __future__ import annotations

from accounts.json_values import UNSTORABLE, quickly_written
from actions.contract import JSON


def storable_text(text: str) -> str:
    """``text`` with U+FFFD for the characters that no database takes."""
    return text if text.isascii() and "\x00" not in text else UNSTORABLE.sub("\ufffd", text)


def storable(value: JSON) -> JSON:
    """``value`` with U+FFFD for such characters in every text and every name; itself where it holds none."""
    written = quickly_written(value)
    return value if written is not None and b"\\u0000" not in written else _cleaned(value)


def _cleaned(value: JSON) -> JSON:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {storable_text(str(name)): _cleaned(item) for name, item in value.items()}
    return value
