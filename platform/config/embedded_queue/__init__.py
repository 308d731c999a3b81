"""The embedded queue: a Celery broker that is one SQLite file (docs/decisions/0002-embedded-queue.md).

``embedded:////absolute/path/queue.sqlite3`` names the file. It serves the processes of one machine:
several web processes, workers and beat.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES

SCHEME = "embedded"


def register() -> None:
    """Make kombu know ``embedded://`` URLs; calling it again changes nothing."""
    # By name: a process that uses another broker never imports the transport.
    TRANSPORT_ALIASES[SCHEME] = "config.embedded_queue.transport:Transport"
