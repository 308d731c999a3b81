"""What a run remembers of its nodes: bounded, secrets masked, storable as JSON anywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

from actions.contract import JSON
from actions.storable import storable_text

MASK = "•••"
CUT = "…"

TEXT_CHARS = 4096
VALUE_CHARS = 8192
RUN_CHARS = 262_144
REHEARSAL_CHARS = (65_536, 2_097_152)
"""For one value, and for all, of a test in the editor, which is shown once and not kept."""
MOST_ITEMS = 100
MOST_DEPTH = 8

_SECRET_NAME = re.compile(
    r"authorization|cookie|api[-_]?key|token|secret|passw|credential|private[-_]?key|signature"
    r"|(?:^|[-_])(?:auth|pwd)(?:$|[-_])",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a header, parameter or key of this name holds something to hide."""
    return _SECRET_NAME.search(name) is not None


class Presenter:
    """Copies values for the trace of one run, which as a whole takes ``RUN_CHARS`` characters at most."""

    def __init__(self, value_chars: int = VALUE_CHARS, run_chars: int = RUN_CHARS) -> None:
        self._value_chars = value_chars
        self._run_left = run_chars
        self._left = 0

    def show(self, value: JSON) -> JSON:
        """A copy, cut to a bounded size, with the values of secret names masked."""
        if value is None:
            return None
        room = self._left = min(self._value_chars, self._run_left)
        shown = self._copy(value, MOST_DEPTH)
        self._run_left -= room - max(0, self._left)
        return shown

    def _copy(self, value: JSON, depth: int) -> JSON:
        if isinstance(value, str):
            return self._text(value)
        if type(value) is dict:
            self._left -= 4
            return self._mapping(value, depth) if depth else CUT
        self._left -= 4
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return value if -(2**63) <= value < 2**63 else CUT
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if depth == 0:
            return CUT
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, (list, tuple)):
            return self._list(value, depth)
        return self._text(type(value).__name__)

    def _text(self, text: str) -> str:
        size = len(text)
        if size <= TEXT_CHARS and size <= self._left and text.isascii() and "\x00" not in text:
            self._left -= size + 2
            return text
        room = max(0, min(TEXT_CHARS, self._left))
        self._left -= min(len(text), room) + 2
        return storable_text(text) if len(text) <= room else storable_text(text[:room]) + CUT

    def _mapping(self, mapping: Mapping[str, JSON], depth: int) -> dict[str, JSON]:
        shown: dict[str, JSON] = {}
        for name, value in mapping.items():
            if self._left <= 0 or len(shown) >= MOST_ITEMS:
                shown[CUT] = CUT
                break
            key = self._text(str(name))
            shown[key] = MASK if value and is_secret(key) else self._copy(value, depth - 1)
        return shown

    def _list(self, values: list[JSON] | tuple[JSON, ...], depth: int) -> list[JSON]:
        shown: list[JSON] = []
        for value in values:
            if self._left <= 0 or len(shown) >= MOST_ITEMS:
                shown.append(CUT)
                break
            shown.append(self._copy(value, depth - 1))
        return shown
