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
from actions.kinds.menu import MenuKey
from actions.models import Action, Agent, Classifier, Label, Release
from actions.registry import kinds
from actions.releases import publish
from calls.models import Call, CallState, Event, Run, RunState
from contacts.models import Contact
from knowledge.embedding.models import EmbeddingConnection
from knowledge.models import Document, Source
from notifications.models import (
    Delivery,
    OptOut,
    SmsConnection,
    Suppression,
    WebhookAttempt,
    WebhookDelivery,
    WebhookSubscription,
)
from outbound.models import AllowedHost, AuthProfile
from schedules.models import Schedule
from schedules.weeks import replace_week
from transfers import imports
from transfers.models import NumberImport, SipConnection, TransferDestination
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
    suppression: Suppression
    source: Source
    schedule: Schedule
    document: Document
    contact: Contact
    line: SipConnection
    profile: AuthProfile
    destination: TransferDestination
    upload: NumberImport
    embedding: EmbeddingConnection
    webhook: WebhookSubscription
    webhook_delivery: WebhookDelivery
    operator: SmsConnection
    opt_out: OptOut


def make_schedule(account: Account) -> Schedule:
    schedule = Schedule.objects.create(account=account, name="Service clients", holiday_country="FR")
    replace_week(schedule, [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:00"}])
    return schedule


def make_source(account: Account) -> Source:
    source, _made = Source.objects.get_or_create(account=account, name="Tarifs")
    return source


def make_profile(account: Account) -> AuthProfile:
    profile = AuthProfile(account=account, name="crm", kind="bearer", hosts=["crm.example"])
    profile.enter_secrets({"token": "un-secret"})
    profile.full_clean()
    profile.save()
    return profile


def make_operator(account: Account, name: str = "Opérateur du lac") -> SmsConnection:
    operator, _made = SmsConnection.objects.get_or_create(
        account=account, name=name, provider="http", settings={"url": "https://sms.lac.example/send"}
    )
    return operator


def make_import(action: Action) -> NumberImport:
    """Checked, and waiting to be confirmed: one good line, one bad."""
    content = b"phone;description\n+33199000020;Un\nabc;Deux\n"
    upload = imports.open_import(action, file_name="numeros-du-lac.csv", content=content, mode="add")  # type: ignore[arg-type]
    imports.start_check(upload)
    return upload


def make_action(kind_name: str, agent: Agent, workflow: Workflow, name: str | None = None) -> Action:
    """A row of any kind that can be published; kinds with columns that have no default are filled in here."""
    kind = kinds.get(kind_name)
    columns: dict[str, dict[str, Any]] = {
        "workflow": {"workflow": workflow},
        "email": {"subject": "Appel terminé", "to": "equipe@lac.example"},
        "webhook": {"url": "https://hooks.lac.example/appels"},
        "knowledge": {"source": make_source(agent.account)} if kind_name == "knowledge" else {},
        "sms": {"connection": make_operator(agent.account), "text": "Merci."} if kind_name == "sms" else {},
    }
    action = kind.model.objects.create(
        agent=agent,
        moment=min(kind.moments, key=list(Moment).index),
        name=name or f"my_{kind_name}",
        description="As needed.",
        **columns.get(kind_name, {}),
    )
    if kind_name == "menu":
        target = kinds.get("wait").model.objects.create(agent=agent, moment="during", name="hold")
        MenuKey.objects.create(menu=action, key="1", target=target)
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


def make_webhook(account: Account, name: str = "CRM") -> WebhookSubscription:
    url = "https://hooks.lac.example/crm?cle=abc123def456ghi789"
    return WebhookSubscription.objects.create(account=account, name=name, url=url, event_types=["call.completed"])


def make_webhook_delivery(webhook: WebhookSubscription, call: Call) -> WebhookDelivery:
    common = {"account": webhook.account, "subscription": webhook}
    delivery = WebhookDelivery.objects.create(
        call=call,
        event_type="call.completed",
        url=webhook.url,
        body='{"type": "call.completed"}',
        state="failed",
        attempts=1,
        error="The address answered with the status 500.",
        **common,
    )
    WebhookAttempt.objects.create(delivery=delivery, number=1, status=500, duration_ms=12.5, **common)
    return delivery


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
        suppression = Suppression.objects.create(account=account, address="parti@lac.example", reason="bounced")
        key, _plain = ApiKey.objects.issue(account=account, name="Runtime", scopes=["calls"])
        host = AllowedHost.objects.create(account=account, host="crm.internal", reason="The CRM.")
        source = make_source(account)
        schedule = make_schedule(account)
        document = Document.objects.create(source=source, title="Cotisations", text="Dix euros par mois.")
        contact = Contact.objects.create(account=account, phone="+33612000009", attributes={"vip": True})
        profile = make_profile(account)
        line = SipConnection.objects.create(account=account, name="Ligne du lac", host="sip.lac.example")
        destination = TransferDestination.objects.get(action=actions["transfer"])
        upload = make_import(actions["transfer"])
        operator = make_operator(account, "Opérateur de secours")
        opt_out = OptOut.objects.create(account=account, number="+33612000008", note="Au téléphone")
        embedding = EmbeddingConnection.objects.create(
            account=account, url="https://vectors.example/v1", model="petit-lac", dimensions=3, enabled=False
        )
        webhook = make_webhook(account)
        webhook_delivery = make_webhook_delivery(webhook, call)
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
        suppression=suppression,
        source=source,
        schedule=schedule,
        document=document,
        contact=contact,
        line=line,
        profile=profile,
        destination=destination,
        upload=upload,
        embedding=embedding,
        webhook=webhook,
        webhook_delivery=webhook_delivery,
        operator=operator,
        opt_out=opt_out,
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
