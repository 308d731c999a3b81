"""PPTX: each slide is a page; its title is its heading; what the speaker notes say belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from knowledge.extraction.contract import PAGE_END, Limits, Progress, Text, Unreadable
from knowledge.extraction.markdown import heading, plain, table

DEEPEST_GROUP = 20


def read(path: Path, limits: Limits, progress: Progress) -> tuple[str, int]:
    """The text and how many slides there are."""
    from pptx import Presentation

    slides = list(Presentation(str(path)).slides)
    if len(slides) > limits.pages:
        raise Unreadable("too_large", f"{len(slides)} slides")
    text = Text(limits)
    for number, slide in enumerate(slides):
        progress(number, len(slides))
        title = slide.shapes.title
        text.add(heading(1, title.text_frame.text) if title is not None else "")
        for shape in _shapes(slide.shapes, 0):
            if title is None or shape.shape_id != title.shape_id:
                text.add(_shown(shape))
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            text.add("\n", plain(slide.notes_slide.notes_text_frame.text), "\n")
        text.add(PAGE_END)
    return str(text), len(slides)


def _shapes(shapes: Iterable[Any], depth: int) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth < DEEPEST_GROUP:
                yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _shown(shape: Any) -> str:
    if getattr(shape, "has_table", False):
        return table([cell.text for cell in row.cells] for row in shape.table.rows)
    if not getattr(shape, "has_text_frame", False):
        return ""
    paragraphs = [(paragraph.level, plain(paragraph.text).strip()) for paragraph in shape.text_frame.paragraphs]
    lines = [f"{'  ' * level}- {words}" if len(paragraphs) > 1 else words for level, words in paragraphs if words]
    return "\n".join(lines) + "\n\n" if lines else ""
