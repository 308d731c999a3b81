"""What was found of a file as it is stored: packed, for there may be hundreds of thousands of lines."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

import phonenumbers

from transfers.imports.lines import Checked, Problem
from transfers.numbers import Rules


def pack(problems: Iterable[Problem]) -> bytes:
    rows = list(problems)
    return zlib.compress(_json(rows), 1) if rows else b""


def unpack(packed: bytes) -> list[Problem]:
    return [problem_of(row) for row in json.loads(zlib.decompress(packed))] if packed else []


def problem_of(row: list[Any]) -> Problem:
    return Problem(*row)


def pack_checked(checked: Checked, rules: Rules) -> bytes:
    """The verdicts on a whole file, for whoever writes it by the same rules."""
    found = list(zip(*checked.numbers.values(), strict=True)) or [(), ()]
    return _json([_law(rules), checked.lines, list(checked.numbers), *found, checked.problems])


def unpack_checked(packed: bytes, rules: Rules) -> Checked | None:
    """None where there are none, or by other rules than these."""
    if not packed.startswith(f'["{_law(rules)}",'.encode()):
        return None
    _same, count, numbers, texts, lines, problems = json.loads(packed)
    found = dict(zip(numbers, zip(texts, lines, strict=True), strict=True))
    return Checked(found, [problem_of(row) for row in problems], count)


def _law(rules: Rules) -> str:
    """By what numbers are judged: the account's rules, and what is known of the numbers of the world."""
    allowed = "".join(str(int(getattr(rules, name))) for name in Rules.__slots__)
    return f"1 {phonenumbers.__version__} {allowed}"


def _json(rows: list[Any]) -> bytes:
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
