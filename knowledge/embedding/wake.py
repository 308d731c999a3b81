"""Waking a worker for vectors. Where the broker is down, the sweep finds what waits."""

from __future__ import annotations

from accounts.queue import wake

EMBED_SOURCE = "knowledge.embed_source"


def wake_for_vectors(source_id: int, account_id: int) -> None:
    """To be called once the rows are committed."""
    wake(EMBED_SOURCE, source_id, account_id)
