"""Writing Markdown that ``knowledge.splitting`` reads as it was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LONGEST_HEADING = 250

_HEADING_MARK = re.compile(r"^( {0,3})(#{1,6}[ \t]|[=-]{2,}[ \t]*$|```|~~~)", re.MULTILINE)
_SPACE = re.compile(r"\s+")
# Control characters, lone surrogates and what is not a character at all: no database keeps them, nobody reads them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\u00ad\u200b\ufeff]")


def clean(text: str) -> str:
    """Without what nobody can see; the ends of lines as \\n."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").replace("\u2028", "\n")
    return _UNPRINTABLE.sub("", text)


def plain(text: str) -> str:
    """Text that is no Markdown: what looks like a heading in it is none."""
    return _HEADING_MARK.sub(r"\1\\\2", clean(text).replace("\f", "\n"))


def line(text: str) -> str:
    return _SPACE.sub(" ", clean(text)).strip()


def heading(level: int, text: str) -> str:
    """'' for a text of nothing; one that is too long for a heading becomes a paragraph."""
    title = line(text)
    if not title:
        return ""
    if len(title) > LONGEST_HEADING:
        return f"\n\n{plain(title)}\n\n"
    # A final # would be taken for the end of the mark.
    return f"\n\n{'#' * min(max(level, 1), 6)} {title.rstrip('# ') or title}\n\n"


def table(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose first row names the columns; '' without any text."""
    cells = [[line(cell).replace("|", "\\|") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return ""
    width = max(map(len, cells))
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in cells]
    return "\n\n" + "\n".join([lines[0], "|" + "---|" * width, *lines[1:]]) + "\n\n"
