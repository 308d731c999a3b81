"""HTML: the main text of a page, without what surrounds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from knowledge.extraction.contract import Limits, Text
from knowledge.extraction.markdown import clean, heading, line, table

ENOUGH = 0.4
"""What is taken for the main text must be at least this part of all the text there is."""

_SKIPPED = frozenset(
    {"script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "svg", "head", "iframe"}
)
_BLOCKS = frozenset({"p", "div", "section", "article", "main", "dt", "dd", "li", "summary", "blockquote", "pre", "br"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
DEEPEST = 400


def read(content: str, limits: Limits) -> tuple[str, str]:
    """(Markdown, title)."""
    from lxml import html
    from trafilatura import extract

    if not content.strip():
        return "", ""
    # A declaration of an encoding is of the bytes, which are read already.
    tree = html.document_fromstring(content.encode(), parser=html.HTMLParser(encoding="utf-8"))
    everything = Text(limits)
    everything.add(*_walk(tree, 0))
    whole = str(everything)
    found = extract(
        content,
        output_format="markdown",
        favor_recall=True,
        include_comments=False,
        include_formatting=True,
        include_tables=True,
    )
    main = clean(found or "")
    title = line(tree.findtext(".//title") or "")
    return (main if _letters(main) >= ENOUGH * _letters(whole) else whole), title


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)


def _walk(element: Any, depth: int) -> Iterator[str]:
    """All text outside of what surrounds a page's main text."""
    tag = element.tag
    if not isinstance(tag, str) or tag in _SKIPPED or depth > DEEPEST:
        yield element.tail or "" if depth else ""
        return
    if tag in _HEADINGS:
        yield heading(_HEADINGS[tag], element.text_content())
    elif tag == "table":
        yield table([cell.text_content() for cell in row.iter("td", "th")] for row in element.iter("tr"))
    else:
        yield "\n- " if tag == "li" else "\n\n" if tag in _BLOCKS else ""
        yield _words(element.text)
        for child in element:
            yield from _walk(child, depth + 1)
        yield "\n" if tag in _BLOCKS else ""
    yield _words(element.tail) if depth else ""


def _words(text: str | None) -> str:
    words = line(text or "")
    return f"{words} " if words else ""
