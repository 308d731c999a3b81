"""A plain document as PDF: a title and paragraphs, on as many pages as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT = "DejaVuSans"
FONT_FILE = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"

WIDTH, HEIGHT = A4
MARGIN = 56.0
SIZE, LEADING = 10.0, 15.0
TITLE_SIZE = 15.0
DARK, FAINT = (0.07, 0.09, 0.15), (0.42, 0.45, 0.5)
"""Points and colours."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``speaker`` stands on a line of its own above the text."""

    text: str
    speaker: str = ""
    is_faint: bool = False


def pdf(title: str, paragraphs: list[Paragraph]) -> bytes:
    _load_font()
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle(title)
    writer = _Writer(canvas)
    writer.lines(title, TITLE_SIZE, DARK)
    for paragraph in paragraphs:
        if paragraph.speaker:
            writer.gap()
            writer.lines(paragraph.speaker, SIZE - 1, FAINT)
        writer.lines(paragraph.text, SIZE, FAINT if paragraph.is_faint else DARK)
    writer.end()
    return file.getvalue()


class _Writer:
    """Goes down the page, and on to the next one."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.y = HEIGHT - MARGIN

    def lines(self, text: str, size: float, colour: tuple[float, float, float]) -> None:
        leading = LEADING * size / SIZE
        for line in wrapped(text, size, WIDTH - 2 * MARGIN):
            if self.y - leading < MARGIN:
                self._turn()
            self.y -= leading
            self.canvas.setFont(FONT, size)
            self.canvas.setFillColorRGB(*colour)
            self.canvas.drawString(MARGIN, self.y, line)

    def gap(self) -> None:
        self.y -= LEADING / 2

    def _turn(self) -> None:
        self._number()
        self.canvas.showPage()
        self.y = HEIGHT - MARGIN

    def _number(self) -> None:
        self.canvas.setFont(FONT, SIZE - 2)
        self.canvas.setFillColorRGB(*FAINT)
        self.canvas.drawRightString(WIDTH - MARGIN, MARGIN / 2, str(self.canvas.getPageNumber()))

    def end(self) -> None:
        self._number()
        self.canvas.save()


def wrapped(text: str, size: float, width: float) -> Iterator[str]:
    """The lines of a text, broken at blanks, or anywhere in a word that is wider than a line."""
    for paragraph in text.splitlines() or [""]:
        line, used = "", 0.0
        for word in paragraph.split():
            needed = _width(word, size)
            if line and used + needed > width:
                yield line.rstrip()
                line, used = "", 0.0
            while needed > width:
                cut = _fitting(word, size, width)
                yield word[:cut]
                word = word[cut:]
                needed = _width(word, size)
            line += word + " "
            used += needed + _width(" ", size)
        yield line.rstrip()


def _fitting(word: str, size: float, width: float) -> int:
    """How many characters of a word fill a line; at least one."""
    used = 0.0
    for index, character in enumerate(word):
        used += _width(character, size)
        if used > width:
            return max(1, index)
    return len(word)


@lru_cache(maxsize=16_384)
def _width(text: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(text, FONT, size))


@lru_cache(maxsize=1)
def _load_font() -> None:
    pdfmetrics.registerFont(TTFont(FONT, FONT_FILE))
