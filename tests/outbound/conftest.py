from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outbound import allow_list
from outbound.circuits import forget_circuits
from outbound.http import close_session
from outbound.sessions import _sessions
from tests.outbound.profiles import Profiles

real_getaddrinfo = socket.getaddrinfo


@pytest.fixture(autouse=True)
async def _closed_sessions() -> AsyncIterator[None]:
    yield
    await close_session()
    assert not any(not session.closed for of_loop in _sessions.values() for session in of_loop.values())


@pytest.fixture(autouse=True)
def _closed_circuits() -> None:
    """Ports come again."""
    forget_circuits()


@pytest.fixture(autouse=True)
def grants(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[int, set[Any]]:
    """What each account was granted, in place of the database; tests of the database itself have none of this."""
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = []
    granted: dict[int, set[Any]] = {}

    async def allowed_private_hosts(account_id: int) -> frozenset[Any]:
        return frozenset(granted.get(account_id, ()))

    if request.node.get_closest_marker("django_db") is None:
        monkeypatch.setattr(allow_list, "allowed_private_hosts", allowed_private_hosts)
    return granted


@pytest.fixture
def loopback_allowed(grants: object, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1", "127.0.0.2"]


class Names:
    """A name server: each look-up of a name takes the next of its answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.lookups: list[str] = []

    def getaddrinfo(self, host: str, port: int, **options: Any) -> list[Any]:
        self.lookups.append(host)
        if host not in self.answers:
            return real_getaddrinfo(host, port, **{**options, "flags": socket.AI_NUMERICHOST})
        answers = self.answers[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        flags = {**options, "flags": socket.AI_NUMERICHOST}
        return [entry for address in addresses for entry in real_getaddrinfo(address, port, **flags)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr("outbound.guard.socket.getaddrinfo", names.getaddrinfo)
    return names


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch) -> Profiles:
    profiles = Profiles()
    monkeypatch.setattr("outbound.authentication.find", profiles.find)
    return profiles
