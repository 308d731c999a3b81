"""The end of a call: what its report and the rules say at once, and whether anything has to be waited for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from actions.contract import JSON
from actions.releases import Plan
from calls.analysis.findings import ANALYSED_COLUMNS, PENDING, Findings
from calls.analysis.rows import CallAnalysis
from calls.analysis.settling import settle
from calls.facts import Known, known_of, scope_of
from calls.models import Call, Event
from calls.wake import wake_analyst

ANALYZED_EVENT = "call.analyzed"
LONGEST_SUMMARY, LONGEST_LABEL, MOST_LABELS = 20_000, 200, 200


def begin(call: Call, plan: Plan) -> bool:
    """Analyse a call whose report has just been stored, in the same transaction. True: its runs must be held."""
    if not plan.analysis.is_wanted:
        return False
    if plan.analysis.wait_s:
        for event in Event.objects.filter(call=call, type=ANALYZED_EVENT).order_by("-received_at", "-id"):
            _take(call, event.data, over=False)
    findings = Findings.reported(plan.analysis, call)
    if plan.analysis.wait_s and not findings.is_complete:
        waits_until = timezone.now() + dt.timedelta(seconds=plan.analysis.wait_s)
        _queue(call, waits=True, due_at=waits_until)
        return True
    return not go_on(call, plan, findings)


def take_event(call: Call, plan: Plan, data: Mapping[str, JSON]) -> None:
    """What the runtime found out after its report; ``call`` is locked. Once all is settled, it comes too late."""
    pending = CallAnalysis.objects.select_for_update().filter(call=call).first()
    if pending is None:
        return
    _take(call, data, over=True)
    pending.delete()
    if go_on(call, plan, Findings.reported(plan.analysis, call)):
        from calls.after import release_held

        release_held(call.pk)


def go_on(call: Call, plan: Plan, findings: Findings) -> bool:
    """Rules, and what they leave to a model is queued. Whether the analysis is settled with this."""
    findings.apply_rules(rule_scope(call, plan))
    if is_for_model(call, findings):
        _queue(call, waits=False, due_at=timezone.now())
        transaction.on_commit(wake_analyst)
        return False
    settle(call, findings)
    return True


def _queue(call: Call, *, waits: bool, due_at: dt.datetime) -> None:
    """The call is stored with what is known of it so far."""
    call.analysis = {"state": PENDING}
    call.save(update_fields=ANALYSED_COLUMNS)
    CallAnalysis.objects.create(call=call, account_id=call.account_id, waits=waits, due_at=due_at)


def is_for_model(call: Call, findings: Findings) -> bool:
    """A call in which nothing was said has nothing to be read."""
    return findings.analysis.model_id is not None and bool(call.transcript) and not findings.is_complete


def rule_scope(call: Call, plan: Plan) -> Mapping[str, JSON]:
    rules = [label.rule for classifier in plan.analysis.classifiers for label in classifier.labels if label.rule]
    roots = {name.partition(".")[0] for rule in rules for name in rule.names | rule.optional}
    if not rules:
        return {}
    known = known_of(call, contact="contact" in roots, opening="open" in roots) if roots & {"contact", "open"} else None
    return scope_of(call, plan, known or Known())


def _take(call: Call, data: Mapping[str, JSON], *, over: bool) -> None:
    """Merge an event's ``classifications``, ``summary`` and ``variables``; what does not fit is left out.

    ``over``: it is newer than what the call has.
    """
    labels = _texts(data.get("classifications"))
    variables = data.get("variables")
    variables = dict(variables) if isinstance(variables, Mapping) else {}
    summary = data.get("summary")
    summary = summary[:LONGEST_SUMMARY] if isinstance(summary, str) else ""
    if over:
        call.classifications = {**call.classifications, **labels}
        call.parameters = {**call.parameters, **variables}
        call.summary = summary or call.summary
    else:
        call.classifications = {**labels, **call.classifications}
        call.parameters = {**variables, **call.parameters}
        call.summary = call.summary or summary


def _texts(value: JSON) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    pairs = [(name, text) for name, text in value.items() if isinstance(text, str) and len(text) <= LONGEST_LABEL]
    return dict(pairs[:MOST_LABELS])
