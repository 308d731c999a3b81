"""Answers as the messages of ASGI that carry them."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from types import SimpleNamespace
from typing import Any

from django.utils import translation

from accounts.problems import CONTENT_TYPE, Problem
from actions.contract import JSON
from calls.hot.rows import encode
from calls.timing import Timing

Message = MutableMapping[str, Any]
Reply = tuple[Message, Message]
Headers = Iterable[tuple[bytes, bytes]]


def reply(status: int, answer: JSON, timing: Timing) -> Reply:
    return _messages(status, b"application/json", encode(answer), [(b"server-timing", timing.header().encode())])


def problem_reply(problem: Problem, request_headers: Headers) -> Reply:
    """In the language that the client accepts, as Django's way says it."""
    language = _language(request_headers)
    with translation.override(language):
        body = encode(problem.as_json())
    headers = [(b"content-language", language.encode())]
    if problem.retry_after_s is not None:
        headers.append((b"retry-after", str(problem.retry_after_s).encode()))
    return _messages(problem.status, CONTENT_TYPE.encode(), body, headers)


def _messages(status: int, content_type: bytes, body: bytes, headers: list[tuple[bytes, bytes]]) -> Reply:
    head = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    ]
    return (
        {"type": "http.response.start", "status": status, "headers": head},
        {"type": "http.response.body", "body": body},
    )


def _language(headers: Headers) -> str:
    accepted = next((value for name, value in headers if name == b"accept-language"), b"").decode("latin-1")
    request = SimpleNamespace(COOKIES={}, META={"HTTP_ACCEPT_LANGUAGE": accepted})
    return translation.get_language_from_request(request)  # type: ignore[arg-type]
