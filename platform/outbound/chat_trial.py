"""Whether a language model answers as it is asked to, said in one sentence."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from asgiref.sync import AsyncToSync
from django.utils.translation import gettext as _

from outbound.chat import ChatServer, Question, ask
from outbound.http import session_scope
from outbound.models import ChatConnection

LONGEST_S = 20.0

_QUESTION = Question(
    system="Answer with one JSON object.",
    user="Of which colour is a ripe tomato: red, blue or green?",
    name="colour",
    schema={
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": ["red", "blue", "green"]}},
        "required": ["colour"],
        "additionalProperties": False,
    },
)


def try_chat(connection: ChatConnection) -> str:
    """What to tell of a model that answers. Raises :class:`outbound.services.ServiceError`."""
    server = ChatServer.of(connection)
    server = replace(server, timeout_s=min(server.timeout_s, LONGEST_S))
    began_s = time.perf_counter()
    AsyncToSync(_ask, force_new_loop=True)(server)
    took = {"ms": f"{(time.perf_counter() - began_s) * 1000:.0f}"}
    return _("The language model answers in the form that it is asked for, within %(ms)s ms.") % took


async def _ask(server: ChatServer) -> dict[str, Any]:
    async with session_scope():
        return await ask(server, _QUESTION, _wrong)


def _wrong(answer: Any) -> str:
    return "" if answer.get("colour") in {"red", "blue", "green"} else "colour must be red, blue or green."
