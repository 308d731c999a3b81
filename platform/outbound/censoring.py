"""Finding a secret in what comes back, however it is spelt there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from outbound.errors import MASK

MIN_CHARS = 6
"""Shorter secrets are not looked for: they would be found everywhere."""

_MASK = MASK.encode()
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
"""What nobody encodes: most secrets have little else, and are searched for as quickly as any text."""


class Censor:
    """Masks secrets as they are, and as URLs, forms and JSON write them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first, for one may be part of another.
        known = sorted({secret for secret in secrets if len(secret) >= MIN_CHARS}, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(spellings(secret) for secret in known)) if known else None

    def clean(self, data: bytes) -> bytes:
        return self._pattern.sub(_MASK, data) if self._pattern is not None else data

    def clean_text(self, text: str) -> str:
        return self.clean(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def finds(self, text: str) -> bool:
        return self._pattern is not None and bool(self._pattern.search(text.encode("utf-8", "surrogatepass")))


def spellings(secret: str) -> bytes:
    """A pattern of every way to write it."""
    return b"".join(re.escape(char.encode()) if char in _PLAIN else _either(char) for char in secret)


def _either(char: str) -> bytes:
    percent = "".join(f"%{byte:02X}" for byte in char.encode())
    escaped = json.dumps(char)[1:-1]
    ways = {char, percent, percent.lower(), escaped, escaped.lower(), f"\\{char}"} | ({"+"} if char == " " else set())
    ways |= {f"\\u{ord(char):04x}", f"\\u{ord(char):04X}"} if ord(char) < 0x10000 else set()
    return b"(?:" + b"|".join(re.escape(way.encode()) for way in sorted(ways, key=len, reverse=True)) + b")"
