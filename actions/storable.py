"""What no database takes: PostgreSQL's jsonb refuses U+0000 and halves of surrogate pairs, which JSON can say."""

from __future__ import annotations

import re

import orjson

from actions.contract import JSON

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str) -> str:
    """``text`` with U+FFFD for the characters that no database takes."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def storable(value: JSON) -> JSON:
    """``value`` with U+FFFD for such characters in every text and every name; itself where it holds none."""
    return value if _is_clean(value) else _cleaned(value)


def _is_clean(value: JSON) -> bool:
    """False also where this quick way cannot tell."""
    try:
        return b"\\u0000" not in orjson.dumps(value)
    except TypeError:
        # Half a pair, or an integer, a name or an object that this encoder does not know.
        return False


def _cleaned(value: JSON) -> JSON:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {storable_text(str(name)): _cleaned(item) for name, item in value.items()}
    return value
