"""What a transfer has to know of the account at this moment: schedules, agents, the SIP connection. All live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Q

from actions.contract import JSON
from actions.models import Agent, AgentNumber
from schedules.hours import Hours
from schedules.live import hours_of
from schedules.models import Schedule
from transfers.choices import Choice
from transfers.hunting import KnownAgent, Situation
from transfers.models import SipConnection
from transfers.params import TransferParams


def needs_database(params: TransferParams, choices: Iterable[Choice]) -> bool:
    """Whether anything of it is read from rows: most transfers need none, and then wait for none."""
    if params.schedule_id is not None or params.sip_connection_id is not None:
        return True
    return any(choice.schedule_id is not None or choice.type == "agent" for choice in choices)


def situation_of(
    params: TransferParams,
    choices: Iterable[Choice],
    *,
    account_id: int,
    time_zone: str,
    own_agent_id: int | None = None,
    own_addresses: tuple[str, ...] = (),
) -> Situation:
    """Synchronous, inside the account's scope."""
    choices = list(choices)
    return Situation(
        time_zone=time_zone,
        own_agent_id=own_agent_id,
        own_addresses=own_addresses,
        schedules=_schedules(params, choices, account_id),
        agents=_agents([choice for choice in choices if choice.type == "agent"]),
    )


def addresses_of_call(scope: Mapping[str, JSON]) -> tuple[str, ...]:
    """Where the call's own agent is reached: the number dialled; calling out, the number that it calls from, too."""
    interaction = scope["interaction"]
    ends = [interaction.get("DNIS")]
    if interaction.get("DIRECTION") == "outbound":
        ends.append(interaction.get("ANI"))
    return tuple(str(end) for end in ends if end)


def connection_of(params: TransferParams) -> SipConnection | None:
    """The SIP connection to ring through, as it is now; None where there is none (any more)."""
    if params.sip_connection_id is None:
        return None
    return SipConnection.objects.filter(pk=params.sip_connection_id).first()


def _schedules(params: TransferParams, choices: Iterable[Choice], account_id: int) -> dict[int, Hours]:
    """Those that are still there."""
    found: dict[int, Hours] = {}
    for pk in {params.schedule_id, *(choice.schedule_id for choice in choices)}:
        if pk is None:
            continue
        try:
            found[pk] = hours_of(pk, account_id)
        except Schedule.DoesNotExist:
            continue
    return found


def _agents(choices: list[Choice]) -> dict[int | str, KnownAgent]:
    """By the key under which a choice looks for its agent."""
    if not choices:
        return {}
    ids = {choice.agent_id for choice in choices if choice.agent_id is not None}
    slugs = {choice.value for choice in choices if choice.agent_id is None}
    published = Agent.objects.filter(Q(pk__in=ids) | Q(slug__in=slugs), current_release__isnull=False)
    rows = list(published.values_list("pk", "slug"))
    numbers: dict[int, list[str]] = {}
    for pk, number in AgentNumber.objects.filter(agent__in=[pk for pk, _slug in rows]).values_list("agent", "number"):
        numbers.setdefault(pk, []).append(number)
    known = [KnownAgent(pk, slug, tuple(numbers.get(pk, ()))) for pk, slug in rows]
    return {**{agent.id: agent for agent in known}, **{agent.slug: agent for agent in known}}
