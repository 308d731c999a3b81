"""What a worker does for calls whose analysis is due: the time to wait is over, or a model has to be asked."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
import uuid

import structlog
from asgiref.sync import async_to_sync
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_scopes import scope, scopes_disabled

from accounts.database import in_database
from actions.releases import Plan, load_plan
from calls.after import release_held
from calls.after.picking import Turns
from calls.analysis.asking import ask_model
from calls.analysis.beginning import is_for_model, rule_scope
from calls.analysis.findings import Findings
from calls.analysis.rows import CallAnalysis
from calls.analysis.settling import settle
from calls.models import Call
from calls.wake import wake_analyst
from outbound.chat import TRIES, ChatServer
from outbound.http import session_scope
from outbound.models import ChatConnection
from outbound.services import ServiceError

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 4
BACKOFF_S, LONGEST_WAIT_S = 10.0, 600.0
"""The first pause after a model that did not answer, and the longest: the call's actions wait meanwhile."""
LEASE_S = 30
"""For everything but the model’s answer."""
AT_ONCE = 4
CANDIDATES = 8
TURN_S = 2.0


def work() -> None:
    """Raises nothing for a database that is away: the sweep wakes workers again when it is back."""
    try:
        async_to_sync(_work)()
    except (OperationalError, InterfaceError) as error:
        log.warning("database_away", error=type(error).__name__)


async def _work() -> None:
    ends = time.monotonic() + TURN_S
    async with session_scope():
        await asyncio.gather(*(_lane(ends) for _number in range(AT_ONCE)))
    if time.monotonic() >= ends:
        wake_analyst()


async def _lane(ends: float) -> None:
    while time.monotonic() < ends and (pending := await in_database(claim_next)()):
        with scope(account=pending.account_id):
            await analyse(pending)


def sweep() -> int:
    """Wake a worker if anything is due that nobody has. Returns how many are."""
    with scopes_disabled():
        due = CallAnalysis.objects.filter(_free(), due_at__lte=timezone.now())[:CANDIDATES].count()
    if due:
        wake_analyst()
    return due


# --- claiming -------------------------------------------------------------------------------------


def due_accounts(now: dt.datetime) -> list[int]:
    """Accounts with an analysis that is due, in the order of their ids. Asks across accounts, and reads nothing."""
    with scopes_disabled():
        due = CallAnalysis.objects.filter(_free(), due_at__lte=now)
        return list(due.order_by("account_id").values_list("account_id", flat=True).distinct())


_turns = Turns(due_accounts)


def claim_next(turns: Turns = _turns) -> CallAnalysis | None:
    """One that is due, of the account whose turn it is; None: nothing is due."""
    while (account_id := turns.next(timezone.now())) is not None:
        with scope(account=account_id):
            due = CallAnalysis.objects.filter(_free(), due_at__lte=timezone.now()).order_by("due_at")
            candidates = list(due.values_list("pk", flat=True)[:CANDIDATES])
            random.shuffle(candidates)
            for call_id in candidates:
                if pending := _claim(call_id):
                    return pending
    return None


def _claim(call_id: uuid.UUID) -> CallAnalysis | None:
    now, token = timezone.now(), uuid.uuid4()
    claimed = CallAnalysis.objects.filter(_free(), pk=call_id, due_at__lte=now).update(
        claim=token, attempt=F("attempt") + 1, lease_until=now + dt.timedelta(seconds=LEASE_S), waits=False
    )
    return CallAnalysis.objects.filter(pk=call_id, claim=token).first() if claimed else None


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=timezone.now())


# --- working --------------------------------------------------------------------------------------


async def analyse(pending: CallAnalysis) -> None:
    """Go on with one that is claimed: rules, the model, defaults."""
    call, plan, findings, server = await in_database(_known)(pending)
    if server is not None:
        try:
            await ask_model(server, call, findings, plan.agent.language)
        except ServiceError as error:
            log.warning("analysis_failed", call=str(call.pk), attempt=pending.attempt, permanent=error.permanent)
            if not error.permanent and pending.attempt < MOST_ATTEMPTS:
                await in_database(_put_off)(pending, error.retry_after_s)
                return
            findings.error = error.message
    await in_database(_settle)(pending, findings)


def _known(pending: CallAnalysis) -> tuple[Call, Plan, Findings, ChatServer | None]:
    """``ChatServer`` None: there is nobody to ask, or nothing left to ask."""
    call = Call.objects.get(pk=pending.call_id)
    plan = load_plan(call.release_id)
    findings = Findings.reported(plan.analysis, call)
    findings.apply_rules(rule_scope(call, plan))
    server = None
    model_id = plan.analysis.model_id
    if model_id is not None and is_for_model(call, findings) and pending.attempt <= MOST_ATTEMPTS:
        connections = ChatConnection.objects.select_related("auth_profile")
        found = connections.filter(pk=model_id).first()
        if found is None:
            with override(plan.agent.language):
                findings.error = _("The language model of the analysis was deleted.")
        else:
            server = ChatServer.of(found)
    if server is not None:
        until = timezone.now() + dt.timedelta(seconds=TRIES * server.timeout_s + LEASE_S)
        CallAnalysis.objects.filter(pk=pending.pk, claim=pending.claim).update(lease_until=until)
    return call, plan, findings, server


def _put_off(pending: CallAnalysis, retry_after_s: float) -> None:
    pause_s = max(BACKOFF_S * 2 ** (pending.attempt - 1) * random.uniform(0.5, 1), retry_after_s)  # noqa: S311
    CallAnalysis.objects.filter(pk=pending.pk, claim=pending.claim).update(
        claim=None, lease_until=None, due_at=timezone.now() + dt.timedelta(seconds=min(LONGEST_WAIT_S, pause_s))
    )


def _settle(pending: CallAnalysis, findings: Findings) -> None:
    """Only the worker whose claim still stands writes; what was merged into the call meanwhile is kept."""
    with transaction.atomic():
        # The call before what hangs on it, as everywhere.
        call = Call.objects.select_for_update(no_key=True).get(pk=pending.call_id)
        gone, _rows = CallAnalysis.objects.filter(pk=pending.pk, claim=pending.claim).delete()
        if not gone:
            log.warning("analysis_claim_lost", call=str(pending.call_id), attempt=pending.attempt)
            return
        settle(call, findings)
        release_held(call.pk)
