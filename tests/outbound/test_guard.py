"""What was checked is what is connected to."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from outbound import guard as guard_module
from outbound import sessions
from outbound.addresses import Reach, reach_of_text
from outbound.guard import BlockedAddress, Guard
from outbound.http import OutboundError, OutgoingRequest, close_session, send
from tests.outbound.conftest import Names
from tests.outbound.upstream import Received, Reply, serve


async def answer(_request: Received, reply: Reply) -> None:
    await reply.json({})


async def ask(url: str, account_id: int = 1) -> int:
    return (await send(OutgoingRequest("GET", url), account_id=account_id, deadline_s=5)).status


@pytest.fixture
def _one_public_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.2 stands for somebody's public server; 127.0.0.1 stays private."""

    def reach(text: str) -> Reach:
        return Reach.PUBLIC if text == "127.0.0.2" else reach_of_text(text)

    monkeypatch.setattr(guard_module, "reach_of_text", reach)


@pytest.mark.usefixtures("_one_public_loopback")
async def test_a_name_that_turns_private_after_the_check_is_connected_to_where_it_was_checked(names: Names) -> None:
    names.answers = {"rebind.example": [["127.0.0.2"], ["127.0.0.1"]]}
    async with serve(answer, host="127.0.0.2") as public, serve(answer, host="127.0.0.1", port=public.port) as private:
        assert await ask(public.url(host="rebind.example")) == 200
        assert names.lookups == ["rebind.example"]
        assert (public.connections, private.connections) == (1, 0)

        await close_session()
        with pytest.raises(OutboundError) as caught:
            await ask(public.url(host="rebind.example"))
        assert caught.value.code == "blocked_address"
        assert names.lookups == ["rebind.example"] * 2
        assert (public.connections, private.connections) == (1, 0)


@pytest.mark.usefixtures("_one_public_loopback")
async def test_many_requests_for_one_name_share_one_look_up(names: Names) -> None:
    names.answers = {"busy.example": [["127.0.0.2"], ["127.0.0.1"]]}
    async with serve(answer, host="127.0.0.2") as upstream:
        assert await asyncio.gather(*(ask(upstream.url(host="busy.example")) for _ in range(20))) == [200] * 20
    assert names.lookups == ["busy.example"]


async def test_every_waiter_for_a_refused_name_is_refused(names: Names) -> None:
    names.answers = {"intranet.example": [["10.0.0.5"]]}
    results = await asyncio.gather(*(ask("http://intranet.example/") for _ in range(20)), return_exceptions=True)
    assert [getattr(result, "code", None) for result in results] == ["blocked_address"] * 20


async def test_a_private_host_is_reached_by_the_account_that_was_granted_it_and_by_no_other(
    names: Names, grants: dict[int, set[Any]]
) -> None:
    names.answers = {"crm.internal": [["127.0.0.1"]]}
    async with serve(answer) as upstream:
        grants[1] = {("crm.internal", upstream.port)}
        assert await ask(upstream.url(host="crm.internal"), account_id=1) == 200
        # The connection of account 1 is open and idle: account 2 must not be handed it.
        for url in (upstream.url(host="crm.internal"), upstream.url()):
            with pytest.raises(OutboundError) as caught:
                await ask(url, account_id=2)
            assert caught.value.code == "blocked_address"
            assert "Platform staff" in caught.value.message
        grants[1] = set()
        with pytest.raises(OutboundError):
            await ask(upstream.url(host="crm.internal"), account_id=1)
        assert len(upstream.requests) == 1


async def test_a_grant_holds_for_its_port_only(names: Names, grants: dict[int, set[Any]]) -> None:
    names.answers = {"crm.internal": [["127.0.0.1"]]}
    async with serve(answer) as upstream, serve(answer) as neighbour:
        grants[1] = {("crm.internal", upstream.port)}
        assert await ask(upstream.url(host="CRM.Internal.")) == 200
        with pytest.raises(OutboundError):
            await ask(neighbour.url(host="crm.internal"))
        grants[1] = {("crm.internal", None)}
        assert await ask(neighbour.url(host="crm.internal")) == 200


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:127.0.0.1", "224.0.0.1"])
async def test_a_granted_host_still_never_leads_to_metadata(
    address: str, names: Names, grants: dict[int, set[Any]]
) -> None:
    names.answers = {"crm.internal": [[address]]}
    grants[1] = {("crm.internal", None)}
    with pytest.raises(OutboundError) as caught:
        await ask("http://crm.internal/")
    assert caught.value.code == "blocked_address"
    assert "Platform staff" not in caught.value.message


async def test_the_installations_list_opens_a_host_to_every_account(settings: Any) -> None:
    async with serve(answer) as upstream:
        settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{upstream.port}"]
        assert [await ask(upstream.url(), account_id=number) for number in (1, 2)] == [200, 200]
        with pytest.raises(OutboundError):
            await ask("http://127.0.0.1:8000/")


async def test_the_socket_itself_is_guarded_when_the_resolver_is_not(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the client one day came by an address in another way, no socket would open."""
    names.answers = {"intranet.example": [["127.0.0.1"]]}
    real_guard = Guard(granted=False)
    monkeypatch.setattr(sessions, "GuardedResolver", lambda _guard: guard_module.GuardedResolver(Guard(granted=True)))
    async with serve(answer) as upstream:
        with pytest.raises(OutboundError) as caught:
            await ask(upstream.url(host="intranet.example"))
    assert caught.value.code == "blocked_address"
    assert upstream.connections == 0
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))
    with pytest.raises(BlockedAddress):
        real_guard.open_socket(info)
