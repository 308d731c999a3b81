"""Whether a connection works, said in one sentence."""

from __future__ import annotations

import time

from asgiref.sync import AsyncToSync
from django.utils.translation import gettext as _

from knowledge.embedding.calibration import Calibration, calibrate
from knowledge.embedding.client import Server
from knowledge.embedding.models import EmbeddingConnection
from outbound.http import session_scope

LONGEST_S = 20.0


def try_connection(connection: EmbeddingConnection) -> tuple[bool, str]:
    """(whether all is well, what to tell). Raises EmbeddingError where no vectors came."""
    server = Server.of(connection)
    began_s = time.perf_counter()
    measured = AsyncToSync(_measure, force_new_loop=True)(server)
    took_ms = (time.perf_counter() - began_s) * 1000
    facts = {
        "dimensions": server.dimensions,
        "ms": f"{took_ms:.0f}",
        "related": f"{measured.related:.2f}",
        "unrelated": f"{measured.unrelated:.2f}",
    }
    if not measured.separates:
        return False, _(
            "The service answers, but its model does not tell what belongs together: similarity %(related)s of "
            "questions with their answers, %(unrelated)s of others. Choose another model, or check what is put "
            "before questions and passages."
        ) % facts
    return True, _(
        "The service answers: %(dimensions)s dimensions, %(ms)s ms for 24 texts. Similarity %(related)s of questions "
        "with their answers, %(unrelated)s of others."
    ) % facts


async def _measure(server: Server) -> Calibration:
    async with session_scope():
        return await calibrate(server, min(server.timeout_s, LONGEST_S))
