"""A provider of text messages over real HTTP: it keeps what it was sent, and answers as it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.support.http_server import JSON, Handler, serving


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass
class SmsServer:
    """``answers``: (status, JSON body, headers) each, taken in turn; the last one for ever. None: it hangs up."""

    url: str = ""
    answers: list[tuple[int, Any, dict[str, str]] | None] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def answer(self) -> tuple[int, Any, dict[str, str]] | None:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def sms_server() -> Iterator[SmsServer]:
    state = SmsServer(answers=[(201, {"sid": "SM1", "messages": [{"id": "m-1"}]}, {})])

    class Sms(Handler):
        def do_POST(self) -> None:
            state.received.append(Received(self.command, self.path, self.lower_headers(), self.read_body()))
            answer = state.answer()
            if answer is None:
                self.close_connection = True
                return
            status, value, headers = answer
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.answer(status, content, {**JSON, **headers})

        do_GET = do_PUT = do_POST

    with serving(Sms) as url:
        state.url = url
        yield state
