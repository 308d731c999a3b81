"""PDF: the text of each page; what is set larger than the rest is a heading."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from knowledge.extraction.contract import PAGE_END, Limits, Progress, Text, Unreadable
from knowledge.extraction.markdown import heading, plain

LARGER = 1.15
"""How much larger than most of the text a heading is set."""

GAP = 1.7
"""Lines that are further apart, in heights of a letter, are not of one paragraph."""

LONGEST_HEADING = 150
DEEPEST = 4


@dataclass(slots=True)
class Line:
    """``size`` is the height of its largest letters; ``height`` where it stands on the page, in the same unit."""

    text: str = ""
    size: float = 0.0
    height: float = 0.0


def read(path: Path, limits: Limits, progress: Progress) -> tuple[str, int]:
    """The text and how many pages there are. Raises Unreadable: encrypted, scanned, too_large."""
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, WrongPasswordError

    # What it has to say about each broken object would fill the log of the server.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("encrypted", "password")
        pages = _pages(reader, limits, progress)
    except (FileNotDecryptedError, WrongPasswordError) as error:
        raise Unreadable("encrypted", str(error)) from error
    if not any(line.text.strip() for page in pages for line in page):
        raise Unreadable("scanned" if pages else "no_text", f"{len(pages)} pages")
    text = Text(limits)
    levels = _levels(pages)
    for page in pages:
        text.add(*_written(page, levels), PAGE_END)
    return str(text), len(pages)


def _pages(reader: Any, limits: Limits, progress: Progress) -> list[list[Line]]:
    count = len(reader.pages)
    if count > limits.pages:
        raise Unreadable("too_large", f"{count} pages")
    pages, left = [], limits.text
    for number, page in enumerate(reader.pages):
        progress(number, count)
        lines = _lines(page)
        left -= sum(len(line.text) for line in lines)
        if left < 0:
            raise Unreadable("too_large", "text")
        pages.append(lines)
    return pages


def _lines(page: Any) -> list[Line]:
    lines = [Line()]

    def visit(text: str, cm: list[float], tm: list[float], font: Any, font_size: float) -> None:
        for number, part in enumerate(text.split("\n")):
            if number:
                lines.append(Line())
            if not part.strip():
                lines[-1].text += part
                continue
            line = lines[-1]
            line.text += part
            line.size = max(line.size, round(font_size * _scale(tm) * _scale(cm), 1))
            line.height = cm[1] * tm[4] + cm[3] * tm[5] + cm[5]

    page.extract_text(visitor_text=visit)
    return [line for line in lines if line.text.strip()]


def _scale(matrix: list[float]) -> float:
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def _levels(pages: list[list[Line]]) -> dict[float, int]:
    """Levels of headings by the sizes that are headings'."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page:
            letters[line.size] += len(line.text)
    usual = letters.most_common(1)[0][0]
    larger = sorted((size for size in letters if size >= usual * LARGER and usual > 0), reverse=True)
    return {size: min(level, DEEPEST) for level, size in enumerate(larger, 1)}


def _written(page: list[Line], levels: dict[float, int]) -> Iterator[str]:
    above: Line | None = None
    for level, group in groupby(page, key=lambda line: _level(line, levels)):
        lines = list(group)
        if level:
            # A title that takes two lines is one.
            yield heading(level, " ".join(line.text for line in lines))
            above = None
            continue
        for line in lines:
            if above is not None and abs(above.height - line.height) > GAP * max(line.size, 1.0):
                yield "\n"
            yield f"{plain(line.text).strip()}\n"
            above = line


def _level(line: Line, levels: dict[float, int]) -> int:
    words = line.text.strip()
    is_short = len(words) <= LONGEST_HEADING and any(character.isalpha() for character in words)
    return levels.get(line.size, 0) if is_short else 0
