"""Requests and answers as a trace shows them, credentials left out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from actions.contract import JSON
from outbound.http import IncomingResponse, OutboundError, OutgoingRequest, shown_url
from workflows.trace import CUT, MASK, is_secret

PREVIEW_BYTES = 4096

_MAY_BE_SECRET = re.compile("auth|cookie|key|token|secret|passw|credential|signature|pwd", re.IGNORECASE)
"""Most bodies hold nothing like the name of a secret: they are not looked at member by member."""

_MEMBER = re.compile(r'("(?:[^"\\]|\\.){1,80}"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\Z)')


def request_shown(request: OutgoingRequest, body: JSON, auth_profile: str = "") -> dict[str, JSON]:
    """Headers, query and body are masked by their names when the trace copies them."""
    shown: dict[str, JSON] = {"method": request.method, "url": shown_url(request.url)}
    if request.query:
        shown["query"] = dict(request.query_pairs())
    if request.headers:
        shown["headers"] = dict(request.headers)
    if request.body is not None:
        shown["body"] = body
    if auth_profile:
        shown["profile"] = auth_profile
    return shown


def meta_shown(request: Mapping[str, JSON], response: IncomingResponse) -> dict[str, JSON]:
    """All of an answer, for an editor who tests: ``request`` as :func:`request_shown` gave it.

    ``body`` is the answer's JSON where it is JSON, else text. Masked by names when the trace copies it.
    """
    try:
        body = response.json() if response.body.strip() else None
    except OutboundError:
        body = response.text()
    return {
        # As it went out, credentials and all, masked; of the body the sender keeps nothing.
        "request": {**request, **{name: part for name, part in response.sent.items() if name != "auth_profile"}},
        "status": response.status,
        "headers": dict(response.headers),
        "elapsed_ms": round(response.elapsed_ms, 3),
        "size": len(response.body),
        "body": body,
    }


def response_shown(response: IncomingResponse, retries: int) -> dict[str, JSON]:
    shown: dict[str, JSON] = {
        "status": response.status,
        "elapsed_ms": round(response.elapsed_ms, 3),
        "size": len(response.body),
        "body": preview(response.body),
    }
    if retries:
        shown["retries"] = retries
    return shown


def preview(body: bytes) -> str:
    """The beginning of a body, with the values of secret members of its JSON masked."""
    text = body[:PREVIEW_BYTES].decode("utf-8", "replace")
    if _MAY_BE_SECRET.search(text):
        text = _MEMBER.sub(_mask_member, text)
    return text + CUT if len(body) > PREVIEW_BYTES else text


def _mask_member(member: re.Match[str]) -> str:
    return f'{member[1]}"{MASK}"' if is_secret(member[1].partition(":")[0]) else member[0]
