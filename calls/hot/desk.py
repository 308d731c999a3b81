"""What one event loop keeps to answer calls: look-ups, whoever hears of changes, the writer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calls.hot.changes import Changes
from calls.hot.lookups import Lookups
from calls.hot.writer import Writer


class Desk:
    """Opened in the running loop. ``parameters`` are those of a connection of psycopg."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.lookups = Lookups(lambda: self._changes.is_heard)
        self.writer = Writer(parameters)
        self._changes = Changes(parameters, self.lookups.forget)
        self._changes.start()

    async def close(self) -> None:
        await self._changes.close()
        await self.writer.close()
