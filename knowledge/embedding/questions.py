"""The vector of a question, within the little time that a caller has; kept for whoever asks the same."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from uuid import UUID

from django.utils.translation import gettext as _
from django_scopes import scope

from accounts.database import in_database
from knowledge.embedding.client import EmbeddingError, Server, embed
from knowledge.embedding.models import EmbeddingConnection, SourceVectors
from knowledge.embedding.vectors import Vectors
from knowledge.search import LONGEST_QUERY, Meaning

KNOWN_FOR_S = 5.0
"""How long a change of the connection, or a source's first vectors, may go unnoticed."""

MOST_KEPT = 2000
MOST_SOURCES = 10_000

_lock = threading.Lock()
_servers: dict[tuple[int, int], tuple[float, Server | None]] = {}
_kept: OrderedDict[tuple[UUID, str], Vectors] = OrderedDict()


async def meaning_of(source_id: int, account_id: int, question: str) -> tuple[Meaning | None, str]:
    """What vectors are compared with, None where only words can be; and a warning, '' if there is none."""
    server = await _server_of(source_id, account_id)
    question = " ".join(question[:LONGEST_QUERY].split())
    if server is None or server.unrelated is None or server.related is None or not question:
        return None, ""
    key = (server.space, question)
    with _lock:
        vector = _kept.get(key)
        if vector is not None:
            _kept.move_to_end(key)
    if vector is None:
        try:
            vector = (await embed(server, [server.query_prefix + question], server.query_timeout_s))[0]
        except EmbeddingError as error:
            return None, _("Searched by words only: %(reason)s") % {"reason": error.message}
        _keep(key, vector)
    return Meaning(server.space, vector, server.unrelated, server.related), ""


def forget_servers() -> None:
    """In this process at once; others notice within ``KNOWN_FOR_S``."""
    with _lock:
        _servers.clear()


def _keep(key: tuple[UUID, str], vector: Vectors) -> None:
    with _lock:
        _kept[key] = vector
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)


async def _server_of(source_id: int, account_id: int) -> Server | None:
    """The account's server, if the source has vectors of it."""
    key = (account_id, source_id)
    with _lock:
        known = _servers.get(key)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    server = await in_database(_read_server)(source_id, account_id)
    with _lock:
        if len(_servers) >= MOST_SOURCES:
            _servers.clear()
        _servers[key] = (time.monotonic() + KNOWN_FOR_S, server)
    return server


def _read_server(source_id: int, account_id: int) -> Server | None:
    with scope(account=account_id):
        connection = EmbeddingConnection.objects.filter(enabled=True).select_related("auth_profile").first()
        if connection is None:
            return None
        vectors = SourceVectors.objects.filter(source=source_id, space=connection.space).exclude(name="")
        return Server.of(connection) if vectors.exists() else None
