"""A profile by samples of processor time: unlike a clock on the wall, it does not count what others use of a core."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

EVERY_S = 0.004

_ROOT = str(Path(__file__).resolve().parents[2])


class Samples:
    """``own``: where the processor was; ``within``: in which functions, those that they call included."""

    def __init__(self) -> None:
        self.count = 0
        self.own: Counter[CodeType] = Counter()
        self.within: Counter[CodeType] = Counter()

    def take(self, _signal: int, frame: FrameType | None) -> None:
        self.count += 1
        if frame is not None:
            self.own[frame.f_code] += 1
        codes = set()
        while frame is not None:
            codes.add(frame.f_code)
            frame = frame.f_back
        self.within.update(codes)

    def show(self, title: str, counted: Counter[CodeType], most: int) -> None:
        print(f"\n{title}")
        for code, count in counted.most_common(most):
            where = f"{_short(code.co_filename)}:{code.co_firstlineno}"
            print(f"{count / self.count:>7.1%}  {where} {code.co_qualname}")


@contextmanager
def sampled() -> Iterator[Samples]:
    """In the main thread, while the block runs."""
    samples = Samples()
    before = signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


def _short(filename: str) -> str:
    return filename.rpartition("site-packages/")[2].removeprefix(f"{_ROOT}/")
