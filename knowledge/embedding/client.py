"""One request to an embedding server, and everything that its answer may be instead of vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.lazily import lazily
from knowledge.embedding.models import EmbeddingConnection
from knowledge.embedding.vectors import Vectors, normalised
from outbound.errors import OutboundError
from outbound.http import IncomingResponse, OutgoingRequest, send
from outbound.services import ServiceError, is_permanent, said, wait_s_of

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")

LONGEST_TEXT = 8000
"""Characters of one text: what models read at most is about this much."""

BYTES_PER_NUMBER = 40
SMALLEST, LARGEST = 1e-12, 1e12
LONGEST_WAIT_S = 3600


class EmbeddingError(ServiceError):
    """No vectors."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a request needs to know of a connection; no secrets."""

    account_id: int
    url: str
    auth_profile: str | None
    model: str
    dimensions: int
    send_dimensions: bool
    query_prefix: str
    passage_prefix: str
    query_timeout_s: float
    timeout_s: float
    batch_size: int
    space: UUID
    unrelated: float | None
    related: float | None

    @classmethod
    def of(cls, connection: EmbeddingConnection) -> Server:
        profile = connection.auth_profile
        return cls(
            account_id=connection.account_id,
            url=f"{connection.url}/embeddings",
            auth_profile=profile.name if profile else None,
            model=connection.model,
            dimensions=connection.dimensions,
            send_dimensions=connection.send_dimensions,
            query_prefix=connection.query_prefix,
            passage_prefix=connection.passage_prefix,
            query_timeout_s=connection.query_timeout_ms / 1000,
            timeout_s=connection.timeout_s,
            batch_size=connection.batch_size,
            space=connection.space,
            unrelated=connection.unrelated,
            related=connection.related,
        )


async def embed(server: Server, texts: Sequence[str], deadline_s: float) -> Vectors:
    """One vector of length 1 for each text, in order. Raises :class:`EmbeddingError`."""
    body: dict[str, Any] = {
        "model": server.model,
        "input": [text[:LONGEST_TEXT] for text in texts],
        "encoding_format": "float",
    }
    if server.send_dimensions:
        body["dimensions"] = server.dimensions
    request = OutgoingRequest(
        "POST", server.url, {"Content-Type": "application/json"}, body=json.dumps(body, ensure_ascii=False).encode()
    )
    try:
        response = await send(
            request,
            account_id=server.account_id,
            deadline_s=deadline_s,
            max_bytes=65_536 + len(texts) * server.dimensions * BYTES_PER_NUMBER,
            max_redirects=0,
            auth_profile=server.auth_profile,
        )
        _check_status(response)
        answer = response.json()
    except OutboundError as error:
        raise EmbeddingError(error.message, permanent=error.permanent) from error
    return _vectors(answer, len(texts), server.dimensions)


def _check_status(response: IncomingResponse) -> None:
    if response.status == 200:
        return
    message = _("The embedding service answered with status %(status)d: %(said)s") % {
        "status": response.status,
        "said": said(response) or "–",
    }
    wait_s = min(wait_s_of(response), LONGEST_WAIT_S)
    raise EmbeddingError(message, permanent=is_permanent(response), retry_after_s=wait_s)


def _vectors(answer: Any, count: int, dimensions: int) -> Vectors:
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])
        indexes, lists = [row["index"] for row in rows], [row["embedding"] for row in rows]
    except (LookupError, TypeError):
        raise EmbeddingError(_("What the embedding service answered are no embeddings."), permanent=True) from None
    if indexes != list(range(count)):
        facts = {"wanted": count, "got": len(indexes)}
        raise EmbeddingError(
            _("The embedding service was given %(wanted)d texts and answered with %(got)d embeddings.") % facts,
            permanent=True,
        )
    if not all(isinstance(row, list) for row in lists):
        raise EmbeddingError(_("What the embedding service answered are no embeddings."), permanent=True)
    for row in lists:
        if len(row) != dimensions:
            facts = {"got": len(row), "wanted": dimensions}
            raise EmbeddingError(
                _("The embedding has %(got)d dimensions, the connection says %(wanted)d.") % facts, permanent=True
            )
    return _checked(lists)


def _checked(lists: list[list[Any]]) -> Vectors:
    try:
        vectors = np.array(lists, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        vectors = np.empty(0)
    if vectors.ndim != 2:
        raise EmbeddingError(_("What the embedding service answered are no embeddings."), permanent=True)
    largest = np.abs(vectors).max(axis=1)
    if not ((largest > SMALLEST) & (largest < LARGEST)).all():
        raise EmbeddingError(_("The embedding service answered with an embedding without direction."), permanent=True)
    return normalised(vectors)
