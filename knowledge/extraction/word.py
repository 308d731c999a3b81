"""DOCX: headings by their style, lists, tables, in the order of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from knowledge.extraction.contract import Limits, Text
from knowledge.extraction.markdown import heading, plain, table

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_DEEPEST_STYLE = 10


def read(path: Path, limits: Limits) -> str:
    from docx import Document
    from docx.oxml.ns import qn
    from docx.text.paragraph import Paragraph

    document = Document(str(path))
    text = Text(limits)
    for block in _blocks(document.element.body, qn):
        if block.tag == qn("w:tbl"):
            text.add(table(_rows(block, qn)))
        else:
            text.add(_paragraph(Paragraph(block, document._body), qn))
    return str(text)


def _blocks(parent: Any, qn: Any) -> Iterator[Any]:
    """Paragraphs and tables, those of content controls and of tracked insertions, too."""
    for child in parent:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml")):
            yield from _blocks(child, qn)


def _paragraph(paragraph: Any, qn: Any) -> str:
    words = paragraph.text
    if not words.strip():
        return ""
    properties = paragraph._p.pPr
    if level := _level(paragraph, properties, qn):
        return heading(level, words)
    listed = properties is not None and properties.numPr is not None
    name = paragraph.style.name if paragraph.style is not None else ""
    if listed or (name or "").startswith("List "):
        return f"- {plain(words).strip()}\n"
    return f"\n{plain(words).strip()}\n\n"


def _level(paragraph: Any, properties: Any, qn: Any) -> int:
    """1 is the title of the whole document; 0 is no heading."""
    style = paragraph.style
    for _step in range(_DEEPEST_STYLE):
        if style is None:
            break
        if style.name == "Title":
            return 1
        if match := _HEADING.match(style.name or ""):
            return int(match[1]) + 1
        style = style.base_style
    outline = properties.find(qn("w:outlineLvl")) if properties is not None else None
    value = outline.get(qn("w:val"), "9") if outline is not None else "9"
    return int(value) + 2 if value in set("012345") else 0


def _rows(element: Any, qn: Any) -> Iterator[list[str]]:
    for row in element.iter(qn("w:tr")):
        # The rows of a table inside of a cell are part of that cell.
        if row.getparent() is element:
            yield [_cell(cell, qn) for cell in row.iterchildren(qn("w:tc"))]


def _cell(cell: Any, qn: Any) -> str:
    paragraphs = ("".join(run.text or "" for run in each.iter(qn("w:t"))) for each in cell.iter(qn("w:p")))
    return " ".join(filter(None, paragraphs))
