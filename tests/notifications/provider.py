"""A mail provider on the loopback: answers what it is told, keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support import http_server
from tests.support.http_server import JSON, Handler


class Provider:
    def __init__(self) -> None:
        self.status = 200
        self.answer: Any = {}
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    @property
    def asked(self) -> list[Any]:
        """The JSON of each request."""
        return [json.loads(body) for _path, _headers, body in self.requests]


@contextmanager
def serving() -> Iterator[Provider]:
    provider = Provider()

    class Mail(Handler):
        def do_POST(self) -> None:
            provider.requests.append((self.path, dict(self.headers), self.read_body()))
            self.answer(provider.status, json.dumps(provider.answer).encode(), {**JSON, **provider.headers})

    with http_server.serving(Mail) as url:
        provider.url = f"{url}/"
        yield provider
