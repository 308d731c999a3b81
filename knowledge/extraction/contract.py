"""What is read from a file, and why a file cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

PAGE_END = "\f"

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is: pages, slides or sheets."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost. ``text`` in characters, ``memory`` in bytes."""

    seconds: int = 60
    memory: int = 1024**3
    pages: int = 2000
    text: int = 2_000_000
    unpacked: int = 200 * 1024**2
    """What an archive may hold, all parts together, in bytes."""
    markup: int = 64 * 1024**2
    """The same of its XML alone."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Job:
    """``name`` ends as the file did, or as its media type says; ``charset`` is what a web server said, or ''."""

    path: str
    name: str
    limits: Limits
    charset: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """``text`` is Markdown, its pages ended by form feeds where ``pages`` says that there are any."""

    text: str
    media_type: str
    pages: int | None = None
    title: str = ""


class Unreadable(Exception):
    """``code`` is one of ``knowledge.models.DocumentError``; ``details`` are for whoever operates the server."""

    def __init__(self, code: str, details: str = "") -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


class Text:
    """Collects Markdown up to the limit of characters."""

    def __init__(self, limits: Limits) -> None:
        self._left = limits.text
        self._parts: list[str] = []

    def add(self, *parts: str) -> None:
        """Raises Unreadable, too_large."""
        for part in parts:
            self._left -= len(part)
            if self._left < 0:
                raise Unreadable("too_large", "text")
            self._parts.append(part)

    def __str__(self) -> str:
        return "".join(self._parts)
