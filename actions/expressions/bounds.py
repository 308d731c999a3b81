"""What one evaluation may use: processor time, turns of loops, size of what it builds."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import NoReturn

from django.utils.translation import gettext as _

from actions.expressions.errors import ExpressionTimeout, ExpressionTooLarge

MAX_SOURCE_BYTES = 64 * 1024
MAX_OUTPUT_BYTES = 64 * 1024
MAX_CPU_S = 0.1
MAX_TURNS = 10_000
"""Turns of all ``{% for %}`` loops of one evaluation together."""
MAX_RANGE = 1_000
MAX_WEIGHT = 1024 * 1024
"""Of a list or object that an expression builds: its characters as JSON, roughly, counted as a tree."""
ELEMENT_WEIGHT = 8
MAX_DEPTH = 100
MAX_INTEGER = 2**64
MAX_NAME = 80
"""Characters of a name that a message repeats."""

_CLOCK_EVERY = 32


class Budget:
    """What is left to one evaluation, and where its warnings go.

    Time is the thread's processor time, so that a busy machine does not fail a template that is innocent.
    """

    __slots__ = ("_cost", "_until_s", "max_bytes", "turns", "warnings")

    def __init__(self, warnings: list[str], max_bytes: int = MAX_OUTPUT_BYTES, cpu_s: float = MAX_CPU_S) -> None:
        self.warnings = warnings
        self.max_bytes = max_bytes
        self.turns = 0
        self._cost = 0
        self._until_s = time.thread_time() + cpu_s

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def remaining_s(self) -> float:
        return self._until_s - time.thread_time()

    def spend(self, characters: int = 0) -> None:
        """Account for one operation on so many characters or elements; raises ExpressionTimeout."""
        self._cost += 1 + (characters >> 10)
        if self._cost >= _CLOCK_EVERY:
            self._cost = 0
            self.check_clock()

    def turn(self) -> None:
        """Account for one turn of a loop; raises ExpressionTimeout."""
        self.turns += 1
        if self.turns > MAX_TURNS:
            raise ExpressionTimeout(_("The loops go round more than %(limit)d times.") % {"limit": MAX_TURNS})
        self._cost += 8
        if self._cost >= _CLOCK_EVERY:
            self._cost = 0
            self.check_clock()

    def check_clock(self) -> None:
        if time.thread_time() > self._until_s:
            self.expire()

    def expire(self) -> NoReturn:
        raise ExpressionTimeout(_("The expression takes too long."))

    def check_text(self, characters: int) -> None:
        """Refuse to build a text of so many characters; raises ExpressionTooLarge."""
        if characters > self.max_bytes:
            raise ExpressionTooLarge(_("The text is longer than %(limit)d bytes.") % {"limit": self.max_bytes})
        self.spend(characters)

    def fitting(self, text: str) -> str:
        """The output, if it takes at most ``max_bytes`` of UTF-8; raises ExpressionTooLarge."""
        if len(text) * 4 > self.max_bytes:
            self.check_text(len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")))
        return text


current: ContextVar[Budget] = ContextVar("expression_budget")
"""The budget of the evaluation under way in this thread."""
