"""What the demonstration's servers share: a stop on SIGTERM that is not an error."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def stop_on_signals() -> None:
    """Make SIGTERM and SIGINT end the process with exit code 0, running what ``finally`` holds."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
