"""An account that has one of everything the admin shows, and pages as its people open them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import Account, ApiKey, Membership
from actions.contract import Moment
from actions.models import Action, Agent, Classifier, Label, Release
from actions.registry import kinds
from actions.releases import publish
from calls.models import Call, CallState, Event, Run, RunState
from contacts.models import Contact
from knowledge.models import Document, Source
from notifications.models import Delivery
from outbound.models import AllowedHost, AuthProfile
from transfers.kinds.transfer import TransferDestination
from workflows.models import Workflow


@dataclass
class Furnished:
    """Rows of one account; ``actions`` holds one action of each kind, by the kind's name."""

    account: Account
    agent: Agent
    workflow: Workflow
    classifier: Classifier
    label: Label
    actions: dict[str, Action]
    release: Release
    call: Call
    run: Run
    key: ApiKey
    host: AllowedHost
    delivery: Delivery
    source: Source
    document: Document
    contact: Contact
    profile: AuthProfile


def make_source(account: Account) -> Source:
    source, _made = Source.objects.get_or_create(account=account, name="Tarifs")
    return source


def make_profile(account: Account) -> AuthProfile:
    profile = AuthProfile(account=account, name="crm", kind="bearer", hosts=["crm.example"])
    profile.enter_secrets({"token": "un-secret"})
    profile.full_clean()
    profile.save()
    return profile


def make_action(kind_name: str, agent: Agent, workflow: Workflow, name: str | None = None) -> Action:
    """A row of any kind that can be published; kinds with columns that have no default are filled in here."""
    kind = kinds.get(kind_name)
    columns: dict[str, dict[str, Any]] = {
        "workflow": {"workflow": workflow},
        "email": {"subject": "Appel terminé", "to": "equipe@lac.example"},
        "knowledge": {"source": make_source(agent.account)} if kind_name == "knowledge" else {},
    }
    action = kind.model.objects.create(
        agent=agent,
        moment=min(kind.moments, key=list(Moment).index),
        name=name or f"my_{kind_name}",
        description="As needed.",
        **columns.get(kind_name, {}),
    )
    if kind_name == "transfer":
        TransferDestination.objects.create(action=action, phone="+33612345678", description="Support")
    return action


def make_call(agent: Agent, external_id: str = "CA-1") -> Call:
    assert agent.current_release is not None
    return Call.objects.create(
        account=agent.account,
        agent=agent,
        release=agent.current_release,
        external_id=external_id,
        direction="inbound",
        from_number="+33612000001",
        to_number="+33199000001",
        state=CallState.COMPLETED,
        answer_due_at=agent.created_at,
        summary="Elle veut résilier.",
        classifications={"Motif": "Résiliation"},
        transcript=[{"role": "caller", "text": "Bonjour", "time_ms": 65_000}],
        parameters={"vip": True, "nested": {"a": [1]}},
    )


def make_run(call: Call, **columns: Any) -> Run:
    defaults = {"moment": Moment.AFTER, "action_name": "my_email", "kind": "email", "state": RunState.DEAD}
    return Run.objects.create(account=call.account, call=call, **{**defaults, **columns})


@pytest.fixture
def furnished(account: Account, agent: Agent) -> Furnished:
    with scope(account=account):
        agent.name = "Standard du lac"
        agent.save()
        workflow = Workflow.objects.create(account=account, name="Reconnaître")
        classifier = Classifier.objects.create(agent=agent, name="Motif", is_main=True)
        label = Label.objects.create(classifier=classifier, name="Résiliation")
        actions = {kind.name: make_action(kind.name, agent, workflow) for kind in kinds}
        release = publish(agent)
        agent.refresh_from_db()
        call = make_call(agent)
        run = make_run(call, attempt=8, error_message="The mail server is down.", finished_at=call.begun_at)
        make_run(call, moment=Moment.DURING, state=RunState.SUCCEEDED, action_name="my_transfer", kind="transfer")
        Event.objects.create(account=account, call=call, type="transfer.no_answer", result={"message": "Nobody."})
        delivery = Delivery.objects.create(
            account=account, call=call, run_id=run.pk, channel="email", to=["a@b.example"]
        )
        key, _plain = ApiKey.objects.issue(account=account, name="Runtime", scopes=["calls"])
        host = AllowedHost.objects.create(account=account, host="crm.internal", reason="The CRM.")
        source = make_source(account)
        document = Document.objects.create(source=source, title="Cotisations", text="Dix euros par mois.")
        contact = Contact.objects.create(account=account, phone="+33612000009", attributes={"vip": True})
        profile = make_profile(account)
    return Furnished(
        account=account,
        agent=agent,
        workflow=workflow,
        classifier=classifier,
        label=label,
        actions=actions,
        release=release,
        call=call,
        run=run,
        key=key,
        host=host,
        delivery=delivery,
        source=source,
        document=document,
        contact=contact,
        profile=profile,
    )


@pytest.fixture
def people(cast: SimpleNamespace, client_for: Callable[..., Client]) -> Callable[..., Client]:
    """A browser of ``viewer``, ``editor``, ``admin``, ``stranger`` or ``staff``, inside the furnished account."""

    def browser(who: str, language: str = "en") -> Client:
        client = client_for(getattr(cast, who), language)
        if who == "staff":
            client.post("/account/", {"account": "mutuelle-du-lac"})
        return client

    return browser


@pytest.fixture
def member(furnished: Furnished, cast: SimpleNamespace) -> Membership:
    """The account's only administrator."""
    with scope(account=furnished.account):
        return Membership.objects.get(user=cast.admin)
