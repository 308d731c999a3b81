"""Splitting a document into passages: along its headings, then its paragraphs, then its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.extraction.contract import PAGE_END

SHORT, LONG = 800, 1200
"""A passage ends with a paragraph once it has SHORT characters, and never has more than LONG."""

LONGEST_HEADING = 300

_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'»”’)\]]*\s+|\n")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """``heading`` is the whole way down: "Contract › Cancellation"; ``page`` counts from 1, None without pages."""

    heading: str
    text: str
    page: int | None = None


def split(text: str) -> list[Piece]:
    """The passages of ``text``, in order; none for a text without words. A form feed ends a page."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return [
        Piece(heading, passage, page)
        for heading, body, page in _sections(text)
        for passage in _passages(body)
        if any(character.isalnum() for character in passage)
    ]


def _sections(text: str) -> Iterator[tuple[str, str, int | None]]:
    """(heading, body, page) in order; Markdown headings of both kinds, but none inside of fenced code."""
    way: dict[int, str] = {}
    pages = text.split(PAGE_END)
    for number, page in enumerate(pages, 1):
        lines: list[str] = []
        fenced = False
        for line in page.split("\n"):
            fenced ^= bool(_FENCE.match(line))
            found = None if fenced else _heading(line, lines)
            if found is None:
                lines.append(line)
                continue
            level, title = found
            yield _shown(way), "\n".join(lines), number if len(pages) > 1 else None
            lines = []
            way = {above: name for above, name in way.items() if above < level}
            way[level] = title
        yield _shown(way), "\n".join(lines), number if len(pages) > 1 else None


def _heading(line: str, before: list[str]) -> tuple[int, str] | None:
    """Level and title, if ``line`` is a heading or underlines the one line ``before`` it, which is taken away."""
    if match := _ATX.match(line):
        return len(match[1]), match[2]
    underlined = bool(before) and before[-1].strip() != "" and (len(before) < 2 or not before[-2].strip())
    if underlined and (match := _UNDERLINE.match(line)) and not before[-1].lstrip().startswith(("-", "|", ">", "*")):
        return (1 if match[1][0] == "=" else 2), before.pop().strip()
    return None


def _shown(way: dict[int, str]) -> str:
    return " › ".join(title for _level, title in sorted(way.items()) if title)[:LONGEST_HEADING]


def _passages(body: str) -> Iterator[str]:
    current = ""
    for separator, unit in _units(body):
        joined = f"{current}{separator}{unit}" if current else unit
        full = len(current) >= SHORT and separator == "\n\n"
        if current and (full or len(joined) > LONG):
            yield current
            joined = unit
        current = joined
    if current:
        yield current


def _units(body: str) -> Iterator[tuple[str, str]]:
    """(what stands before it, sentence or line); a sentence that is too long is cut between words."""
    for paragraph in _PARAGRAPH_END.split(body.strip()):
        separator, position = "\n\n", 0
        for match in [*_SENTENCE_END.finditer(paragraph), None]:
            end = match.start() if match else len(paragraph)
            closing = match.group().rstrip() if match else ""
            sentence = paragraph[position:end].strip() + closing
            for part in _cut(sentence):
                yield separator, part
                separator = " "
            if match:
                position = match.end()
                separator = "\n" if "\n" in match.group() and separator != "\n\n" else separator


def _cut(sentence: str) -> Iterator[str]:
    while len(sentence) > LONG:
        at = sentence.rfind(" ", LONG // 2, LONG)
        at = LONG if at < 0 else at
        yield sentence[:at].rstrip()
        sentence = sentence[at:].lstrip()
    if sentence:
        yield sentence
