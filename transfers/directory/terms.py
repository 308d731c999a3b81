"""What each word of a question may stand for in one action's vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from django.db import connection
from rapidfuzz.distance import OSA

from transfers.directory.words import GENERIC, synonyms

MOST_READINGS = 12
SHORTEST_MISTYPED = 4
SHORTEST_TWICE_MISTYPED = 7
LAST = chr(0x10FFFF)

KNOWN = "SELECT word, told FROM transfers_directory_word WHERE action_id = %s AND word IN ({marks})"
BEGINNINGS = """
SELECT word, told FROM (
    SELECT word, told FROM transfers_directory_word
    WHERE action_id = %s AND word > %s AND word < %s LIMIT 200
) AS longer ORDER BY length(word), word LIMIT 20
"""
NEIGHBOURS = """
SELECT word, told FROM (
    SELECT word, told FROM transfers_directory_word
    WHERE action_id = %s AND word >= %s AND word < %s AND length(word) BETWEEN %s AND %s LIMIT 1500
) AS same_beginning
UNION
SELECT word, told FROM (
    SELECT word, told FROM transfers_directory_word
    WHERE action_id = %s AND backwards >= %s AND backwards < %s AND length(word) BETWEEN %s AND %s LIMIT 1500
) AS same_end
"""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a question. ``readings`` maps words of the vocabulary to how well they fit, 0 to 1; ``told`` says in
    how many rows the commonest of them stands; ``weight`` says how much the word tells: rare ones most.
    """

    word: str
    readings: dict[str, float]
    told: int

    @property
    def weight(self) -> float:
        rare = 1 / (1 + log10(1 + self.told) / 2) if self.readings else 0.2
        return rare / 4 if self.word in GENERIC else rare


def read_terms(action_id: int, words: Sequence[str]) -> list[Term]:
    """Each word with what it may mean here: itself, a synonym, a longer or shorter form, a neighbour by typing."""
    with connection.cursor() as cursor:
        known = _known(cursor, action_id, {near for word in words for near in (word, *synonyms(word), *_shorter(word))})
        return [_read(cursor, action_id, word, known) for word in words]


def _read(cursor: Any, action_id: int, word: str, known: dict[str, int]) -> Term:
    readings = {near: 0.75 for near in synonyms(word) if near in known}
    told = dict(known)
    if word in known:
        readings[word] = 1.0
    else:
        readings |= {near: _part(near, word) - 0.2 for near in _shorter(word) if near in known}
    if len(word) >= 3 and not word.isdigit():
        cursor.execute(BEGINNINGS, [action_id, word, word + LAST])
        for near, count in cursor.fetchall():
            readings[near], told[near] = max(readings.get(near, 0), _part(word, near)), count
    if not readings and len(word) >= SHORTEST_MISTYPED and not word.isdigit():
        for near, count, fit in _mistyped(cursor, action_id, word):
            readings[near], told[near] = fit, count
    best = dict(sorted(readings.items(), key=lambda each: (-each[1], each[0]))[:MOST_READINGS])
    return Term(word, best, max((told[near] for near in best), default=0))


def _known(cursor: Any, action_id: int, words: set[str]) -> dict[str, int]:
    cursor.execute(KNOWN.format(marks=", ".join(["%s"] * len(words))), [action_id, *sorted(words)])
    return dict(cursor.fetchall())


def _shorter(word: str) -> list[str]:
    """What may be an abbreviation of it: its beginnings of four letters and more."""
    return [] if word.isdigit() else [word[:end] for end in range(4, len(word))]


def _part(short: str, long: str) -> float:
    return 0.5 + 0.4 * len(short) / len(long)


def _mistyped(cursor: Any, action_id: int, word: str) -> list[tuple[str, int, float]]:
    """Words one error away, two for long ones. An error leaves the beginning or the end as it is."""
    errors = 2 if len(word) >= SHORTEST_TWICE_MISTYPED else 1
    part = max(2, (len(word) - errors) // 2)
    head, tail = word[:part], word[::-1][:part]
    sizes = [len(word) - errors, len(word) + errors]
    cursor.execute(NEIGHBOURS, [action_id, head, head + LAST, *sizes, action_id, tail, tail + LAST, *sizes])
    found = []
    for near, count in cursor.fetchall():
        distance = OSA.distance(word, near, score_cutoff=errors)
        if distance <= errors and not near.isdigit():
            found.append((near, count, 0.95 - 0.2 * distance))
    return found
