"""In front of Django: answers the hot requests where it can, and hands everything else on, body and all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django_scopes import scope as account_scope

from accounts.database import database_threads
from accounts.models import Account
from actions.contract import JSON
from calls.errors import Overloaded
from calls.hot import begin, invoke
from calls.hot.desk import Desk
from calls.hot.replies import Message, Reply, problem_reply, reply
from calls.hot.requests import begin_of, invoke_of, key_in
from calls.overload import places
from calls.timing import Timing, part

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

CALLS = "/api/v1/calls"
_TOOL_CALL = re.compile(
    rf"{CALLS}/([0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}})/actions/([^/]{{1,100}})/?"
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Route:
    """*Call begins*, or *tool call* of the action ``name`` in the call ``call_id``."""

    call_id: UUID | None = None
    name: str = ""


BEGIN = Route()


class HotPath:
    """ASGI middleware. Expects each body in one piece, bounded (``config.api.bodies``).

    The bound on calls at once holds whoever answers; on SQLite, that is always Django.
    """

    def __init__(self, application: Application) -> None:
        self.application = application
        self._desks: WeakKeyDictionary[asyncio.AbstractEventLoop, Desk] = WeakKeyDictionary()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        route = _route(scope)
        if route is None:
            await self.application(scope, receive, self._telling(scope, send))
            return
        try:
            with places.in_process():
                await self._answer(route, scope, receive, send)
        except Overloaded as problem:
            await _send(send, problem_reply(problem, scope["headers"]))

    async def close(self) -> None:
        """At the end of the running loop: what was taken on is written, connections are closed."""
        desk = self._desks.pop(asyncio.get_running_loop(), None)
        if desk is not None:
            await desk.close()

    async def _answer(self, route: Route, scope: Message, receive: Receive, send: Send) -> None:
        key = key_in(scope) if _is_possible() else None
        if key is None:
            await self.application(scope, receive, send)
            return
        message = await receive()
        answer = await self._hot_answer(route, key, message)
        if answer is None:
            await self.application(scope, _again(message, receive), send)
        else:
            await _send(send, answer)

    async def _hot_answer(self, route: Route, key: str, message: Message) -> Reply | None:
        """None: not for us. Raises Overloaded."""
        body = message.get("body", b"")
        if not 0 < len(body) <= settings.API_BODY_MAX_BYTES:
            return None
        with Timing() as timing:
            async with database_threads():
                answer = await _dispatch(route, key, body, self._desk())
            return None if answer is None else reply(201 if route is BEGIN else 200, answer, timing)

    def _telling(self, scope: Message, send: Send) -> Send:
        """Whoever changes something through this process finds it changed: its own news may still be on its way."""
        desk = self._desks.get(asyncio.get_running_loop())
        if desk is None or scope["type"] != "http" or scope["method"] in SAFE or scope["path"].startswith(CALLS):
            return send
        known = desk

        async def forget_and_send(message: Message) -> None:
            known.lookups.forget()
            await send(message)

        return forget_and_send

    def _desk(self) -> Desk:
        loop = asyncio.get_running_loop()
        desk = self._desks.get(loop)
        if desk is None:
            desk = self._desks[loop] = Desk(_connection_parameters())
        return desk


async def _dispatch(route: Route, key: str, body: bytes, desk: Desk) -> dict[str, JSON] | None:
    with part("lookup"):
        try:
            account = await desk.lookups.account(key)
        except DatabaseError:
            # A connection that was cut: Django's way has another one, or the right words.
            return None
    if account is None:
        return None
    with places.of_account(account.id), account_scope(account=account):
        if route.call_id is None:
            return await _begin(account, body, desk)
        return await _invoke(account, route.call_id, route.name, body, desk)


async def _begin(account: Account, body: bytes, desk: Desk) -> dict[str, JSON] | None:
    request = begin_of(body)
    if request is None:
        return None
    with part("lookup"):
        try:
            agent = await desk.lookups.agent(account.id, request)
        except DatabaseError:
            return None
    return None if agent is None else await begin.begin(account, agent, request, desk)


async def _invoke(account: Account, call_id: UUID, name: str, body: bytes, desk: Desk) -> dict[str, JSON] | None:
    request = invoke_of(body, name)
    if request is None:
        return None
    with part("lookup"):
        try:
            plan = await desk.lookups.plan_of_call(account.id, call_id)
        except DatabaseError:
            return None
    return None if plan is None else await invoke.invoke(account, call_id, plan, request, desk.writer)


def _route(scope: Message) -> Route | None:
    """None: not one of the two."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path: str = scope["path"]
    if not path.startswith(CALLS):
        return None
    if path in {CALLS, f"{CALLS}/"}:
        return BEGIN
    found = _TOOL_CALL.fullmatch(path)
    return None if found is None else Route(UUID(found[1]), found[2])


def _is_possible() -> bool:
    # Not ``connection``: in an event loop, each task that asks for it makes one.
    return bool(settings.HOT_PATH) and "postgresql" in connections.settings[DEFAULT_DB_ALIAS]["ENGINE"]


def _connection_parameters() -> dict[str, Any]:
    """As Django connects, without what only its own cursors need."""
    parameters = connection.get_connection_params()
    return {name: value for name, value in parameters.items() if name not in {"cursor_factory", "context"}}


def _again(message: Message, receive: Receive) -> Receive:
    """What was taken from the client, once more."""
    messages = [message]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


async def _send(send: Send, answer: Reply) -> None:
    for message in answer:
        await send(message)
