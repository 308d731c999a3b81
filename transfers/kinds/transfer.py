"""Kind ``transfer``: the agent passes the caller on; unanswered, it takes the call back and knows why.

``run`` gives the first order, ``observe`` hears what became of it and gives the next: docs/transfers.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accounts.database import in_database
from actions.contract import JSON, ActionError, CallContext, CallEvent, Kind, Moment, Outcome
from actions.messages import MESSAGE_FIELDS, MessageBefore
from actions.registry import register
from transfers import directory, outcomes
from transfers.action import TransferAction
from transfers.asking import MOST_MATCHES, asked, choice_of, matches_result, schema_of
from transfers.attempts import Attempt, Hunt, NotRung, Target, hunt_of, report_of, told
from transfers.choices import Choice
from transfers.freezing import freeze
from transfers.hunting import Decision, Situation, Skipped, decide, own_state, ring_time_s
from transfers.missing import missing
from transfers.models import SipConnection
from transfers.ordering import connection_uri, directive_of, order_of, with_own_hours
from transfers.params import TransferParams
from transfers.situation import addresses_of_call, connection_of, needs_database, situation_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_AT_WORK = timedelta(seconds=10)

__all__ = ["TransferAction", "TransferKind", "TransferParams"]


@register
class TransferKind(Kind[TransferParams]):
    name = "transfer"
    label = gettext_lazy("Transfer")
    summary = gettext_lazy("Passes the caller on to a person; unanswered, the agent takes the call back.")
    icon = "phone_forwarded"
    moments = frozenset({Moment.DURING})
    Params = TransferParams
    model = TransferAction
    fields = (
        "strategy",
        "ring_time_s",
        "total_ring_time_s",
        "mode",
        "summary",
        "summary_header",
        "caller_id",
        "caller_id_number",
        "restricted",
        "schedule",
        "time_slots",
        *MESSAGE_FIELDS,
        "failure_texts",
        "sip_connection",
        "sip_headers",
    )
    nested = ("destinations",)
    admin_class = "transfers.admin.actions.TransferActionAdmin"
    serializer_class = "transfers.api.destinations.TransferActionSerializer"

    def freeze(self, action: TransferAction) -> TransferParams:
        return freeze(action)

    def missing(self, params: TransferParams, account_id: int) -> list[str]:
        return missing(params, account_id)

    def in_words(self, name: str, value: JSON) -> tuple[StrOrPromise, StrOrPromise] | None:
        if name != "directory_action_id":
            return None
        return _("Directory"), _("Its numbers, as they are then, are searched at each call.") if value else ""

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "Transfer the call when the caller asks for a person, or when you cannot settle the request yourself. "
                "Tell the caller first to whom you are transferring the call."
            )

    def arguments_schema(self, params: TransferParams, language: str) -> dict[str, JSON]:
        with override(language):
            return schema_of(params)

    def message_before(self, params: TransferParams, language: str) -> MessageBefore | None:
        return params.message_before

    def time_limit_s(self, params: TransferParams) -> float:
        return 5.0

    async def run(self, params: TransferParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        at, language = timezone.now(), context.agent.language
        with override(language):
            if (busy := _under_way(context, at)) is not None:
                return busy
            if params.is_directory and not asked(arguments, "destination"):
                return _no_order(await _search(params, context, arguments))
            connection, choices, situation = await _found(params, context, arguments)
            decision = decide(params, choices, situation, at)
            if decision.closed is not None:
                return _no_order(outcomes.closed(decision.closed, at, language))
            if not decision.rings:
                return _no_order(nobody_rings(decision, at, language))
            scope = with_own_hours(context.scope, own_state(params, situation, at), at, language)
            order = order_of(params, connection, scope, asked(arguments, "reason"), language, context.warnings)
            hunt = first_hunt(params, decision, order, at)
            return Outcome(
                result=outcomes.requested(hunt),
                directives=(directive_of(hunt.order, hunt.current),),
                progress=hunt.model_dump(mode="json"),
            )

    def observe(self, params: TransferParams, context: CallContext, event: CallEvent) -> Outcome | None:
        report = report_of(event)
        hunt = hunt_of(context.progress)
        if report is None or hunt is None:
            return None
        at = timezone.now()
        step = told(hunt, report, at, lambda ended: _looked_over(params, context, ended, at))
        with override(context.agent.language):
            say = params.failure_texts.get(context.agent.language, "")
            return Outcome(
                result=outcomes.result_of(step.hunt, say=say, is_news=step.has_changed),
                directives=(directive_of(step.hunt.order, step.hunt.current),) if step.has_next else (),
                progress=step.hunt.model_dump(mode="json") if step.has_changed else None,
            )


def _under_way(context: CallContext, at: datetime) -> Outcome | None:
    """What to answer a model that asks again while somebody may be ringing; None: nobody is.

    An earlier run that remembers nothing is at work still, or has died: then it holds others up for a moment only.
    """
    since = at
    for progress in reversed(context.earlier):
        if progress is None:
            if at - since <= LONGEST_AT_WORK:
                return Outcome(result=outcomes.being_requested(), progress={"waits_since": since.isoformat()})
        elif "waits_since" in progress:
            since = datetime.fromisoformat(progress["waits_since"])
        elif (hunt := hunt_of(progress)) is not None:
            return _no_order(outcomes.already(hunt)) if hunt.is_under_way(at) else None
    return None


def _no_order(result: dict[str, JSON]) -> Outcome:
    """Nobody is rung. The progress says so: a run without any is still at work."""
    return Outcome(result=result, progress={"status": result["status"]})


def nobody_rings(decision: Decision, at: datetime, language: str) -> dict[str, JSON]:
    """The result where nobody can be rung. Raises ActionError where nothing but the configuration is in the way."""
    whys = {each.why for each in decision.skipped}
    if "closed" in whys:
        return outcomes.nobody(decision.skipped, at, language)
    spoken = _("The call cannot be transferred there. Say so, and offer another way.")
    values = outcomes.listed(each.choice.value for each in decision.skipped)
    if "loop" in whys:
        message = _("%(destinations)s: the transfer would come back to this agent.") % {"destinations": values}
        raise ActionError(message, code="transfer_loop", permanent=True, spoken=spoken)
    message = _("%(destinations)s: this agent is gone, or not published.") % {"destinations": values}
    raise ActionError(message, code="destination_gone", permanent=True, spoken=spoken)


async def _search(params: TransferParams, context: CallContext, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
    query = asked(arguments, "query")
    if not query:
        raise ActionError(
            _("Neither a query nor a destination was given."),
            code="nothing_asked",
            permanent=True,
            spoken=_("Say in “query” whom the caller looks for."),
        )
    assert params.directory_action_id is not None
    found = await in_database(directory.search)(
        params.directory_action_id, query, limit=MOST_MATCHES, language=context.agent.language
    )
    return matches_result(query, found)


async def _found(
    params: TransferParams, context: CallContext, arguments: Mapping[str, JSON]
) -> tuple[SipConnection | None, list[Choice], Situation]:
    """The SIP connection, who may be rung, and what a decision on them needs. Raises ActionError."""
    name = asked(arguments, "destination") or None

    def read() -> tuple[SipConnection | None, list[Choice], Situation]:
        connection = connection_of(params)
        if params.sip_connection_id is not None and connection is None:
            raise ActionError(_("The SIP connection of this transfer is gone."), code="no_connection", permanent=True)
        choices = _choices(params, name, connection)
        return connection, choices, _situation(params, context, choices)

    if params.is_directory or needs_database(params, params.destinations):
        return await in_database(read)()
    return read()


def _situation(params: TransferParams, context: CallContext, choices: Sequence[Choice]) -> Situation:
    """Asks the database only where these choices need it."""
    own_addresses = addresses_of_call(context.scope)
    if not needs_database(params, choices):
        return Situation(context.agent.time_zone, context.agent.id, own_addresses)
    return situation_of(
        params,
        choices,
        account_id=context.account_id,
        time_zone=context.agent.time_zone,
        own_agent_id=context.agent.id,
        own_addresses=own_addresses,
    )


def _choices(params: TransferParams, name: str | None, connection: SipConnection | None) -> list[Choice]:
    """Who is to be rung, hours not looked at. Raises ActionError for a name that was not offered."""
    if params.directory_action_id is not None:
        match = directory.find(params.directory_action_id, name or "")
        choice = choice_of(match) if match else None
    elif not params.destinations:
        assert connection is not None
        return [Choice(name=connection.name, type="sip_uri", value=connection_uri(connection))]
    elif not params.is_chosen:
        return list(params.destinations)
    else:
        choice = params.find(name)
    if choice is None:
        raise ActionError(
            _("There is no such destination."),
            code="unknown_destination",
            permanent=True,
            spoken=_("There is no such destination: nobody was rung. Choose one that was offered to you."),
        )
    return [choice]


def first_hunt(params: TransferParams, decision: Decision, order: Mapping[str, JSON], at: datetime) -> Hunt:
    """The transfer as it is when the first order has been given."""
    first: Sequence[Choice] = decision.rings[:1] if params.strategy == "in_order" else decision.rings
    rest: Sequence[Choice] = decision.rings[len(first) :]
    seconds = ring_time_s(params, first)
    if params.strategy == "in_order":
        seconds = min(seconds, params.total_ring_time_s)
    return Hunt(
        attempts=(Attempt(attempt=1, destinations=_targets(params, first), ring_time_s=seconds, requested_at=at),),
        rest=_targets(params, rest),
        skipped=_not_rung(decision.skipped),
        total_ring_time_s=params.total_ring_time_s if params.strategy == "in_order" else None,
        order=dict(order),
    )


def _looked_over(params: TransferParams, context: CallContext, hunt: Hunt, at: datetime) -> Hunt:
    """The hunt without those who would ring next, but have closed, or gone, since it began. Synchronous."""
    coming = {target.name for target in hunt.rest}
    choices = [choice for choice in params.destinations if choice.name in coming]
    situation = _situation(params, context, choices)
    decision = decide(params, choices, situation, at)
    out = decision.skipped
    if decision.closed is not None:
        out = tuple(Skipped(choice, "closed", decision.closed) for choice in choices)
    return hunt.model_copy(
        update={"rest": _targets(params, decision.rings), "skipped": (*hunt.skipped, *_not_rung(out))}
    )


def _not_rung(skipped: Iterable[Skipped]) -> tuple[NotRung, ...]:
    return tuple(
        NotRung(
            name=each.choice.name,
            value=each.choice.value,
            why=each.why,
            opens_at=each.state.next if each.state else None,
        )
        for each in skipped
    )


def _targets(params: TransferParams, choices: Sequence[Choice]) -> tuple[Target, ...]:
    return tuple(
        Target(
            name=choice.name,
            type=choice.type,
            value=choice.value,
            description=choice.description,
            ring_time_s=choice.ring_time_s or params.ring_time_s,
        )
        for choice in choices
    )
