"""What one evaluation may use: processor time, turns of loops, size of what it builds; and all of a run together."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import NoReturn

from django.utils.translation import gettext as _

from actions.expressions.errors import ExpressionTimeout, ExpressionTooLarge

MAX_SOURCE_BYTES = 64 * 1024
MAX_OUTPUT_BYTES = 64 * 1024
MAX_CPU_S = 0.1
RUN_CPU_S = 0.25
"""All expressions of one run of a workflow together: nothing else runs in this thread meanwhile."""
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
_BRIEF_S = 50e-6
"""An evaluation this short is charged with the time that has passed: asking for processor time costs more."""


class Allowance:
    """What is left to all evaluations of one run together. Tasks and threads that the run starts share it."""

    __slots__ = ("cpu_s", "deadline_at_s", "ended")

    def __init__(self, cpu_s: float, deadline_at_s: float) -> None:
        self.cpu_s = cpu_s
        self.deadline_at_s = deadline_at_s
        self.ended = False

    def check(self, now_s: float, spent_s: float = 0.0) -> None:
        """Raises ExpressionTimeout if nothing is left at ``now_s`` of the monotonic clock."""
        if now_s >= self.deadline_at_s:
            raise ExpressionTimeout(_("The workflow did not end in time."))
        if self.cpu_s <= spent_s:
            raise ExpressionTimeout(_("The expressions of the workflow take too long together."))


_allowance: ContextVar[Allowance | None] = ContextVar("expression_allowance", default=None)


class run_allowance:
    """``with``: bounds all evaluations inside together; a run within another shares what is left of that one's.

    ``deadline_at_s`` is of the monotonic clock.
    """

    __slots__ = ("_cpu_s", "_deadline_at_s", "_own", "_token")

    def __init__(self, deadline_at_s: float, cpu_s: float = RUN_CPU_S) -> None:
        self._deadline_at_s = deadline_at_s
        self._cpu_s = cpu_s
        self._own: Allowance | None = None

    def __enter__(self) -> None:
        outer = _allowance.get()
        if outer is None or outer.ended:
            self._own = Allowance(self._cpu_s, self._deadline_at_s)
            self._token = _allowance.set(self._own)

    def __exit__(self, *_error: object) -> None:
        if self._own is not None:
            # For what the run has started and left behind, which goes on in a copy of this context.
            self._own.ended = True
            _allowance.reset(self._token)


def is_spent() -> bool:
    """Whether no evaluation may begin any more."""
    allowance = _allowance.get()
    if allowance is None or allowance.ended:
        return False
    return allowance.cpu_s <= 0 or time.monotonic() >= allowance.deadline_at_s


class Budget:
    """What is left to one evaluation, and where its warnings go.

    Time is the thread's processor time, so that a busy machine does not fail a template that is innocent. In a
    run of a workflow it is also what is left of the run's allowance and until its deadline: making a budget then
    raises ExpressionTimeout if that is nothing. Whoever makes one settles it in the end.
    """

    __slots__ = ("_began_s", "_cost", "_cpu_began_s", "_until_s", "allowance", "max_bytes", "turns", "warnings")

    def __init__(self, warnings: list[str], max_bytes: int = MAX_OUTPUT_BYTES, cpu_s: float = MAX_CPU_S) -> None:
        self.warnings = warnings
        self.max_bytes = max_bytes
        self.turns = 0
        self._cost = 0
        self.allowance = allowance = _allowance.get()
        self._cpu_began_s = time.thread_time()
        if allowance is None or allowance.ended:
            self.allowance = None
        else:
            self._began_s = now_s = time.monotonic()
            left_s = allowance.cpu_s
            if left_s <= 0 or now_s >= allowance.deadline_at_s:
                allowance.check(now_s)
            if left_s < cpu_s:
                cpu_s = left_s
        self._until_s = self._cpu_began_s + cpu_s

    def settle(self) -> None:
        """Charge the run, if there is one, with what this evaluation has used."""
        allowance = self.allowance
        if allowance is not None:
            spent_s = time.monotonic() - self._began_s
            allowance.cpu_s -= spent_s if spent_s < _BRIEF_S else time.thread_time() - self._cpu_began_s

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def remaining_s(self) -> float:
        left_s = self._until_s - time.thread_time()
        if self.allowance is not None:
            left_s = min(left_s, self.allowance.deadline_at_s - time.monotonic())
        return left_s

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
        if self.remaining_s() < 0:
            self.expire()

    def expire(self) -> NoReturn:
        if self.allowance is not None:
            self.allowance.check(time.monotonic(), time.thread_time() - self._cpu_began_s)
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
