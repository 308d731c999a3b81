"""Around SIP connections: their port, and who uses one."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.usage import Use
from actions.usage import uses_through
from transfers.action import TransferAction
from transfers.models import SipConnection, Transport
from transfers.params import TransferParams


def default_port(transport: str) -> int:
    return 5061 if transport == Transport.TLS else 5060


def uses_by_connection(connections: Iterable[SipConnection]) -> dict[int, list[Use]]:
    return uses_through(TransferAction, TransferParams, "sip_connection", connections)
