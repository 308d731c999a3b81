"""One question to a language model whose answer must fit a JSON Schema.

The schema goes along as ``response_format``; servers that do not know it ignore it, or refuse it and are asked
without. Either way the answer is read and checked here: what the model cannot say, nothing that it read can make it
say.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from outbound.chat_connections import ChatConnection
from outbound.errors import OutboundError
from outbound.http import IncomingResponse, OutgoingRequest, send
from outbound.services import ServiceError, is_permanent, said, wait_s_of

MOST_ANSWER_BYTES = 262_144
MOST_ANSWER_TOKENS = 2000
TRIES = 2
"""How often an answer that does not fit is asked for in all."""

Check = Callable[[Any], str]
"""Gives what is wrong with an answer, in English for the model; '' when it fits."""


@dataclass(frozen=True, slots=True)
class ChatServer:
    """What a request needs to know of a connection; no secrets."""

    account_id: int
    url: str
    auth_profile: str | None
    model: str
    timeout_s: float

    @classmethod
    def of(cls, connection: ChatConnection) -> ChatServer:
        """Asks the database unless ``auth_profile`` was fetched along."""
        profile = connection.auth_profile
        return cls(
            account_id=connection.account_id,
            url=f"{connection.url}/chat/completions",
            auth_profile=profile.name if profile else None,
            model=connection.model,
            timeout_s=connection.timeout_s,
        )


@dataclass(frozen=True, slots=True)
class Question:
    """``schema`` is a JSON Schema of an object, of the subset that OpenAI's strict mode takes; ``name`` names it."""

    system: str
    user: str
    name: str
    schema: Mapping[str, Any]


async def ask(server: ChatServer, question: Question, check: Check) -> dict[str, Any]:
    """The model's answer, which ``check`` found nothing wrong with. Raises :class:`ServiceError`."""
    messages = [{"role": "system", "content": question.system}, {"role": "user", "content": question.user}]
    deadline = time.monotonic() + server.timeout_s * TRIES
    problem = ""
    for _try in range(TRIES):
        text = await _complete(server, messages, question, deadline)
        answer = _json_in(text)
        problem = "It is not a JSON object." if answer is None else check(answer)
        if answer is not None and not problem:
            return answer
        correction = f"This does not fit. {problem} Answer with one JSON object that fits the schema, and nothing else."
        messages = [*messages, {"role": "assistant", "content": text[:4000]}, {"role": "user", "content": correction}]
    raise ServiceError(_("The language model’s answer does not fit, even when asked again: %(why)s") % {"why": problem})


async def _complete(
    server: ChatServer, messages: Sequence[Mapping[str, str]], question: Question, deadline: float
) -> str:
    """What the model wrote."""
    form = {"type": "json_schema", "json_schema": {"name": question.name, "strict": True, "schema": question.schema}}
    body: dict[str, Any] = {"model": server.model, "messages": messages, "max_tokens": MOST_ANSWER_TOKENS}
    response = await _post(server, {**body, "temperature": 0, "response_format": form}, deadline)
    if response.status in {400, 404, 415, 422, 501}:
        # Older servers know no schemas; newer models want other names for the limit, or no temperature.
        plain = {"model": server.model, "messages": _with_schema(messages, question)}
        response = await _post(server, plain, deadline)
    if response.status != 200:
        message = _("The language model’s service answered with status %(status)d: %(said)s")
        raise ServiceError(
            message % {"status": response.status, "said": said(response) or "–"},
            permanent=is_permanent(response),
            retry_after_s=wait_s_of(response),
        )
    return _content(response)


def _with_schema(messages: Sequence[Mapping[str, str]], question: Question) -> list[Mapping[str, str]]:
    """The schema in words, for who does not take it as a parameter."""
    first, *others = messages
    schema = json.dumps(question.schema, ensure_ascii=False)
    return [{**first, "content": f"{first['content']}\n\nJSON Schema of the answer:\n{schema}"}, *others]


async def _post(server: ChatServer, body: Mapping[str, Any], deadline: float) -> IncomingResponse:
    written = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    request = OutgoingRequest("POST", server.url, {"Content-Type": "application/json"}, body=written)
    try:
        return await send(
            request,
            account_id=server.account_id,
            deadline_s=min(server.timeout_s, deadline - time.monotonic()),
            max_bytes=MOST_ANSWER_BYTES,
            max_redirects=0,
            auth_profile=server.auth_profile,
        )
    except OutboundError as error:
        raise ServiceError(error.message, permanent=error.permanent) from error


def _content(response: IncomingResponse) -> str:
    unusable = ServiceError(_("What the language model’s service answered is no chat completion."), permanent=True)
    try:
        message = response.json()["choices"][0]["message"]
        content = message.get("content")
    except OutboundError as error:
        raise ServiceError(error.message, permanent=False) from error
    except (LookupError, TypeError, AttributeError):
        raise unusable from None
    if isinstance(content, list):
        # Some servers answer in parts.
        content = "".join(part.get("text", "") for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise unusable
    return content


def _json_in(text: str) -> dict[str, Any] | None:
    """The object that a text is, or holds: models like to put it between words or into a block of code."""
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return None
    try:
        value = json.loads(text[begin : end + 1])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
