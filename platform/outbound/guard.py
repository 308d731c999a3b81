"""The guard at the socket: only addresses that may be reached are ever connected to.

There are two guards, and a connection pool behind each (``outbound.sessions``): one reaches public addresses
only; the other reaches private ones too and is used only for hosts granted to the account that asks. A pool
never mixes the two, so a connection opened for one account cannot carry another's request past its own check.

Rebinding is out of the question, because a name is resolved once per connection and what was checked is what
is connected to. A name that has any refused address beside a good one is refused.
"""

from __future__ import annotations

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from outbound.addresses import Reach, reach_of_text

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV

# Threads of their own: getaddrinfo cannot be cancelled, and a dead name server must not block others' work.
_DNS_THREADS = 32
_threads: ThreadPoolExecutor | None = None


class BlockedAddress(OSError):
    """``address`` (of ``host``) may not be reached; an OSError, for the client passes only these on."""

    def __init__(self, host: str, reach: Reach) -> None:
        super().__init__(f"{host} is {reach.value}")
        self.host = host
        self.reach = reach


@dataclass(frozen=True, slots=True)
class Guard:
    """``granted``: private addresses too; those that are reserved for something else never."""

    granted: bool

    def check(self, address: str, host: str) -> None:
        """Raises :class:`BlockedAddress`."""
        reach = reach_of_text(address)
        if reach is Reach.NEVER or (reach is Reach.PRIVATE and not self.granted):
            raise BlockedAddress(host, reach)

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """The last line: a socket for one getaddrinfo entry, whatever way the client came by it."""
        family, kind, protocol, _name, peer = info
        self.check(str(peer[0]), str(peer[0]))
        return socket.socket(family, kind, protocol)


class GuardedResolver(AbstractResolver):
    """Resolves a name to addresses that its guard lets through; raises OSError."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look_up = partial(
            socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        entries = await asyncio.get_running_loop().run_in_executor(_dns_threads(), look_up)
        for entry in entries:
            self._guard.check(str(entry[4][0]), host)
        return [
            ResolveResult(
                hostname=host, host=str(peer[0]), port=int(peer[1]), family=family_, proto=protocol, flags=_NUMERIC
            )
            for family_, _kind, protocol, _name, peer in entries
        ]

    async def close(self) -> None:
        """Nothing to close: the threads are the process's."""


def _dns_threads() -> ThreadPoolExecutor:
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(_DNS_THREADS, thread_name_prefix="outbound-dns")
    return _threads


def _forget_threads() -> None:
    global _threads
    _threads = None


# A forked worker inherits the pool, but not its threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
