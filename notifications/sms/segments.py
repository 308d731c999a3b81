"""How many parts a text message takes, and in which alphabet: 3GPP TS 23.038 (GSM 03.38) and TS 23.040.

``static/triptyque/sms.js`` computes the same figures while somebody types; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each."""

EXTENDED = frozenset("\f^{}\\[~]|€")
"""Two septets each: an escape, and the character."""

GSM, UNICODE = "gsm", "unicode"
ALONE = {GSM: 160, UNICODE: 70}
IN_PARTS = {GSM: 153, UNICODE: 67}
"""Septets, or UTF-16 units, of a message that is alone, and of each part of one that is not (a header needs six
bytes of it)."""

PLAIN = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
    **dict.fromkeys("\u00a0\u202f\u2009\u2002\u2003", " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    "\u2026": "...",
    "\u2022": "-",
    "\u00ab": '"',
    "\u00bb": '"',
    "\u200b": "",
    "\u00ad": "",
}
"""What typography has and a telephone's alphabet has not, with what is read the same."""

_PLAIN = str.maketrans(PLAIN)
_ELLIPSIS = "..."
_JOINS_ON = frozenset("\u200d\ufe0f\ufe0e")


@dataclass(frozen=True, slots=True)
class Count:
    """``units`` are septets or UTF-16 units, ``left`` those that the last part still has room for.

    ``foreign`` are the characters that the telephone's alphabet lacks, each once, in order.
    """

    encoding: str
    segments: int
    units: int
    left: int
    foreign: tuple[str, ...]


def normalise(text: str, *, plain: bool = False) -> str:
    """Line ends as telephones write them; with ``plain``, quotes, dashes and spaces of the telephone's alphabet."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not plain:
        return text
    # « mot » has no-break spaces inside, which the quotes of a telephone do not want.
    for space in ("\u00a0", "\u202f", " "):
        text = text.replace(f"\u00ab{space}", '"').replace(f"{space}\u00bb", '"')
    return text.translate(_PLAIN)


def count(text: str) -> Count:
    """Of a normalised text."""
    foreign = tuple(dict.fromkeys(char for char in text if char not in BASIC and char not in EXTENDED))
    encoding = UNICODE if foreign else GSM
    weights = [_weight(char, encoding) for char in text]
    units = sum(weights)
    if units <= ALONE[encoding]:
        return Count(encoding, 1 if units else 0, units, ALONE[encoding] - units, foreign)
    room = IN_PARTS[encoding]
    segments, used = _packed(weights, room)
    return Count(encoding, segments, units, room - used, foreign)


def shorten(text: str, most_segments: int) -> str:
    """``text``, cut so that it takes ``most_segments`` at most; then it ends with three dots."""
    if count(text).segments <= most_segments:
        return text
    longest, shortest = len(text), 0
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if count(_cut(text, middle)).segments <= most_segments:
            shortest = middle
        else:
            longest = middle - 1
    return _cut(text, shortest)


def _cut(text: str, length: int) -> str:
    kept = text[:length]
    while kept and (kept[-1] in _JOINS_ON or (length < len(text) and text[len(kept)] in _JOINS_ON)):
        kept = kept[:-1]
    return kept.rstrip() + _ELLIPSIS


def _weight(char: str, encoding: str) -> int:
    if encoding == GSM:
        return 2 if char in EXTENDED else 1
    return 2 if ord(char) > 0xFFFF else 1


def _packed(weights: Iterable[int], room: int) -> tuple[int, int]:
    """(parts, units in the last one); what has two units is never divided between parts."""
    segments, used = 1, 0
    for weight in weights:
        if used + weight > room:
            segments, used = segments + 1, 0
        used += weight
    return segments, used


def named(foreign: Iterable[str], most: int = 10) -> Iterator[str]:
    """The characters for people; what nobody sees is named by its code point."""
    for index, char in enumerate(foreign):
        if index >= most:
            yield "…"
            return
        yield char if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
