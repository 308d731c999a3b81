"""Around SIP connections: their port, and who uses one."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.usage import Use
from actions.models import Agent
from actions.releases import load_plan
from transfers.action import TransferAction
from transfers.models import SipConnection, Transport
from transfers.params import TransferParams


def default_port(transport: str) -> int:
    return 5061 if transport == Transport.TLS else 5060


def uses_of(connection: SipConnection) -> list[Use]:
    return uses_by_connection([connection])[connection.pk]


def uses_by_connection(connections: Iterable[SipConnection]) -> dict[int, list[Use]]:
    """Transfers as they are edited, then agents whose published version still dials through the connection."""
    uses: dict[int, list[Use]] = {connection.pk: [] for connection in connections}
    drawn: set[tuple[int, int]] = set()
    actions = TransferAction.objects.filter(sip_connection__in=uses).select_related("agent").order_by("agent", "name")
    for action in actions:
        assert action.sip_connection_id is not None
        drawn.add((action.sip_connection_id, action.agent_id))
        label = _("%(agent)s: %(action)s") % {"agent": action.agent, "action": action.name}
        url = reverse("admin:transfers_transferaction_change", args=[action.pk])
        uses[action.sip_connection_id].append(Use(label, url))
    for agent, connection_id in _published(uses):
        if (connection_id, agent.pk) not in drawn:
            label = _("%(agent)s, as published") % {"agent": agent}
            uses[connection_id].append(Use(label, reverse("admin:actions_agent_change", args=[agent.pk])))
    return uses


def _published(wanted: Iterable[int]) -> Iterable[tuple[Agent, int]]:
    wanted = set(wanted)
    if not wanted:
        return
    for agent in Agent.objects.filter(current_release__isnull=False):
        assert agent.current_release_id is not None
        plan = load_plan(agent.current_release_id)
        used = {action.params.sip_connection_id for action in plan.actions if isinstance(action.params, TransferParams)}
        for pk in used:
            if pk in wanted:
                yield agent, pk
