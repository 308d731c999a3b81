"""OAuth 2.0 client credentials against a real token server that counts, dawdles, lies and refuses."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from outbound.auth import oauth2_client_credentials as oauth2
from outbound.auth.base import Credential
from outbound.http import IncomingResponse, OutboundError, OutgoingRequest, close_session, send
from tests.outbound.profiles import Profiles
from tests.outbound.upstream import Received, Reply, Upstream, serve

CLIENT_SECRET = "s3cret&of=the client%"

pytestmark = pytest.mark.usefixtures("loopback_allowed")

Answer = Callable[[int, Reply], Awaitable[None]]


@dataclass
class Stage:
    """A token server that gives ``token-1``, ``token-2`` …, and an API that takes those in ``good``."""

    tokens: Upstream
    api: Upstream
    credential: Credential
    good: set[str] = field(default_factory=set)

    async def ask(self, *, deadline_s: float = 5) -> IncomingResponse:
        return await send(
            OutgoingRequest("GET", self.api.url()), account_id=1, deadline_s=deadline_s, auth_profile="crm"
        )

    async def refusal(self, **options: Any) -> OutboundError:
        with pytest.raises(OutboundError) as caught:
            await self.ask(**options)
        assert "s3cret" not in caught.value.message
        return caught.value


@pytest.fixture
def stage(profiles: Profiles) -> Callable[..., Any]:
    @asynccontextmanager
    async def make(answer: Answer | None = None, *, lifetime_s: Any = 3600, **settings: Any) -> AsyncIterator[Stage]:
        count = 0

        async def give(_request: Received, reply: Reply) -> None:
            nonlocal count
            count += 1
            if answer is not None:
                await answer(count, reply)
                return
            staged.good.add(f"Bearer token-{count}")
            told = {"access_token": f"token-{count}", "token_type": "bearer", "expires_in": lifetime_s}
            await reply.json({name: value for name, value in told.items() if value is not None})

        async def check(request: Received, reply: Reply) -> None:
            known = request.headers.get("authorization") in staged.good
            await reply.json({"ok": known}, 200 if known else 401)

        async with serve(give) as tokens, serve(check) as api:
            credential = profiles.add(
                "crm",
                "oauth2_client_credentials",
                {"client_secret": CLIENT_SECRET},
                **{"token_url": tokens.url("/token"), "client_id": "our:client", **settings},
            )
            staged = Stage(tokens, api, credential)
            yield staged
            await close_session()

    return make


async def test_a_token_is_asked_for_once_and_kept(stage: Any) -> None:
    async with stage(scope="calls read", audience="https://api.example") as staged:
        assert [(await staged.ask()).status for _ in range(3)] == [200, 200, 200]
        request = staged.tokens.requests[0]
        assert len(staged.tokens.requests) == 1
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["calls read"],
        "audience": ["https://api.example"],
    }
    pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "our%3Aclient:s3cret%26of%3Dthe+client%25", "RFC 6749, section 2.3.1"


async def test_the_client_may_prove_itself_in_the_body(stage: Any) -> None:
    async with stage(client_auth="post") as staged:
        assert (await staged.ask()).status == 200
        request = staged.tokens.requests[0]
    assert "authorization" not in request.headers
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["our:client"],
        "client_secret": [CLIENT_SECRET],
    }


async def test_many_at_once_wait_for_one_token(stage: Any) -> None:
    async def slow(count: int, reply: Reply) -> None:
        await asyncio.sleep(0.2)
        await reply.json({"access_token": "token-1", "token_type": "Bearer", "expires_in": 60})

    async with stage(slow) as staged:
        staged.good.add("Bearer token-1")
        answers = await asyncio.gather(*(staged.ask() for _ in range(100)))
        assert {answer.status for answer in answers} == {200}
        assert len(staged.tokens.requests) == 1


async def test_one_that_gives_up_does_not_spoil_it_for_the_others(stage: Any) -> None:
    async def slow(count: int, reply: Reply) -> None:
        await asyncio.sleep(0.3)
        await reply.json({"access_token": "token-1", "expires_in": 60})

    async with stage(slow) as staged:
        staged.good.add("Bearer token-1")
        hasty, patient = await asyncio.gather(
            staged.refusal(deadline_s=0.1), staged.ask(deadline_s=5), return_exceptions=False
        )
        assert (hasty.code, patient.status) == ("auth_failed", 200)
        assert len(staged.tokens.requests) == 1


async def test_a_slow_token_server_keeps_nobody_beyond_their_deadline(stage: Any) -> None:
    async def mute(_count: int, _reply: Reply) -> None:
        await asyncio.sleep(30)

    async with stage(mute) as staged:
        began_s = time.perf_counter()
        error = await staged.refusal(deadline_s=0.2)
        assert time.perf_counter() - began_s < 5
    assert (error.code, error.permanent) == ("auth_failed", False)
    assert "“crm”" in error.message


async def test_a_token_is_renewed_before_its_end_while_nobody_waits(stage: Any) -> None:
    async with stage(lifetime_s=100) as staged:
        await staged.ask()
        revision = staged.credential.revision
        first = oauth2._tokens[revision]
        assert first.unsafe_at_s - time.monotonic() == pytest.approx(95, abs=2)
        assert first.renew_at_s - time.monotonic() == pytest.approx(80, abs=2)
        oauth2._tokens[revision] = replace(first, renew_at_s=0)
        await staged.ask()
        assert staged.api.requests[-1].headers["authorization"] == "Bearer token-1"
        while oauth2._tokens[revision].value == "token-1":
            await asyncio.sleep(0.01)
        await staged.ask()
        assert staged.api.requests[-1].headers["authorization"] == "Bearer token-2"
        assert len(staged.tokens.requests) == 2


@pytest.mark.parametrize("lifetime_s", [0, 1, "3600", None, -5, "soon", True, [1]])
async def test_any_lifetime_works(stage: Any, lifetime_s: Any) -> None:
    async with stage(lifetime_s=lifetime_s) as staged:
        assert (await staged.ask()).status == 200
        assert (await staged.ask()).status == 200
        assert len(staged.tokens.requests) == (2 if lifetime_s == 0 else 1)


async def test_a_refused_token_is_replaced_once(stage: Any) -> None:
    async with stage() as staged:
        await staged.ask()
        staged.good.clear()
        assert (await staged.ask()).status == 200
        assert len(staged.tokens.requests) == 2
        sent = [request.headers["authorization"] for request in staged.api.requests]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_second_refusal_is_the_answer(stage: Any) -> None:
    async def useless(count: int, reply: Reply) -> None:
        await reply.json({"access_token": f"useless-{count}"})

    async with stage(useless) as staged:
        assert (await staged.ask()).status == 401
        assert (len(staged.tokens.requests), len(staged.api.requests)) == (2, 2)


async def test_many_refused_at_once_ask_for_one_new_token(stage: Any) -> None:
    async with stage() as staged:
        await staged.ask()
        staged.good.clear()
        answers = await asyncio.gather(*(staged.ask() for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert len(staged.tokens.requests) == 2


async def test_another_revision_of_the_profile_gets_another_token(stage: Any, profiles: Profiles) -> None:
    async with stage() as staged:
        await staged.ask()
        profiles.add(
            "crm",
            "oauth2_client_credentials",
            {"client_secret": "new-secret"},
            token_url=staged.tokens.url("/token"),
            client_id="x",
        )
        await staged.ask()
        assert staged.api.requests[-1].headers["authorization"] == "Bearer token-2"


@pytest.mark.parametrize(
    ("status", "body", "permanent", "says"),
    [
        (200, b"", False, "JSON object"),
        (200, b"<html>login</html>", False, "JSON object"),
        (200, b"[]", False, "JSON object"),
        (200, b"{}", False, "usable token"),
        (200, b'{"access_token": null}', False, "usable token"),
        (200, b'{"access_token": "a\\r\\nX-Evil: 1"}', False, "usable token"),
        (200, b'{"access_token": "' + b"x" * 9_000 + b'"}', False, "usable token"),
        (200, b'{"access_token": "x", "token_type": "mac"}', False, "type that is not supported"),
        (200, b'{"access_token": "x", "token_type": 7}', False, "type that is not supported"),
        (201, b'{"access_token": "x"}', False, "(201)"),
        (400, b'{"error": "invalid_scope", "error_description": "s3cret"}', True, "(400, invalid_scope)"),
        (401, b'{"error": "invalid_client"}', True, "(401, invalid_client)"),
        (401, b'{"error": "s3cret"}', True, "(401)"),
        (401, b'{"error": ["s3cret"]}', True, "(401)"),
        (429, b"", False, "(429)"),
        (500, b"boom", False, "(500)"),
        (200, b"x" * 2_000_000, False, "larger than"),
    ],
)
async def test_a_bad_answer_of_the_token_server_is_a_clear_error(
    stage: Any, status: int, body: bytes, permanent: bool, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def bad(_count: int, reply: Reply) -> None:
        await reply.answer(status, body)

    caplog.set_level(logging.DEBUG)
    async with stage(bad) as staged:
        error = await staged.refusal()
        assert staged.api.requests == []
    assert (error.code, error.permanent) == ("auth_failed", permanent)
    assert "“crm”" in error.message
    assert says in error.message
    assert "s3cret" not in caplog.text


async def test_a_token_server_cannot_send_the_secret_elsewhere(stage: Any) -> None:
    async def yes(_request: Received, reply: Reply) -> None:
        await reply.json({"access_token": "stolen"})

    async with serve(yes, host="127.0.0.2") as thief:

        async def away(_count: int, reply: Reply) -> None:
            await reply.answer(307, Location=thief.url())

        async with stage(away, client_auth="post") as staged:
            error = await staged.refusal()
    assert (error.code, thief.requests) == ("auth_failed", [])


async def test_a_token_server_on_a_private_network_or_without_tls_is_refused(
    stage: Any, settings: Any, profiles: Profiles
) -> None:
    async with stage() as staged:
        settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{staged.api.port}"]
        error = await staged.refusal()
        assert (error.code, error.permanent) == ("auth_failed", True)
        assert staged.tokens.requests == []
        assert "over http://" in error.message
        settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{staged.api.port}"]
        moved = staged.credential.settings.model_copy(update={"token_url": "https://10.1.2.3/token"})
        profiles.by_name[1, "crm"] = replace(staged.credential, settings=moved)
        assert "private network" in (await staged.refusal()).message


async def test_an_echoed_token_is_masked_and_nothing_is_logged(stage: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def echo(request: Received, reply: Reply) -> None:
        await reply.json(request.headers)

    async with stage() as staged, serve(echo) as mirror:
        staged.api.port = mirror.port
        answer = await staged.ask()
    assert json.loads(answer.body)["authorization"] == "Bearer ***"
    assert answer.sent["headers"] == {"Authorization": "***"}
    assert "token-1" not in caplog.text + repr(staged.credential) + repr(oauth2._tokens)
    assert "s3cret" not in caplog.text
