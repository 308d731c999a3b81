"""A chat server over HTTP, as OpenAI's: it answers what it was told to, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Handler, serving

Answer = Callable[[dict[str, Any]], tuple[int, bytes]]
"""From the body of a request to the status and the body of the answer."""


def says(content: Any) -> Answer:
    """The model writes this text, or this as JSON."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    return lambda _asked: (200, json.dumps(body).encode())


def fails(status: int, message: str = "no") -> Answer:
    return lambda _asked: (status, json.dumps({"error": {"message": message}}).encode())


def raw(body: bytes) -> Answer:
    return lambda _asked: (200, body)


@dataclass
class ChatServer:
    """``answers`` are given one after the other, the last one again and again."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def next(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        self.asked.append(asked)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(asked)


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    state = ChatServer()

    class Chat(Handler):
        def do_POST(self) -> None:
            asked = json.loads(self.read_body())
            self.answer(*(state.next(asked) if self.path == "/v1/chat/completions" else (404, b"")))

    with serving(Chat) as url:
        state.url = f"{url}/v1"
        yield state
