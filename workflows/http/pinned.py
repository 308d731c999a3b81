"""An answer that a test pinned, in place of the one that would come over the network."""

from __future__ import annotations

import json
from collections.abc import Mapping

from actions.contract import JSON
from outbound.http import IncomingResponse

_BODILESS_KEYS = frozenset({"status", "headers", "elapsed_ms", "size", "body", "retries", "variables", "request"})


def pinned_response(data: JSON) -> IncomingResponse:
    """``data`` is what a trace shows of an answer (``status``, ``body`` …), or the body alone."""
    answer = data if isinstance(data, Mapping) and "body" in data and data.keys() <= _BODILESS_KEYS else {"body": data}
    body, status = answer["body"], answer.get("status", 200)
    return IncomingResponse(
        status=status if isinstance(status, int) and 100 <= status < 600 else 200,
        headers={"content-type": "application/json"},
        body=_bytes(body),
        elapsed_ms=0.0,
        url="",
    )


def _bytes(body: JSON) -> bytes:
    if body is None:
        return b""
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode("utf-8", "replace")
