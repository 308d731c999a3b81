"""An account goes with everything of it, and with nothing of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.test import TestCase
from django_scopes import scope, scopes_disabled

from accounts.models import Account
from actions.kinds.hang_up import HangUpAction
from actions.kinds.menu import MenuAction, MenuKey
from actions.models import Action, Agent
from actions.releases import publish
from calls.models import Call, CallState
from contacts.models import Contact
from knowledge.embedding.models import EmbeddingConnection
from knowledge.kinds.knowledge import KnowledgeAction
from knowledge.models import Document, DocumentKind, Passage, Source
from outbound.models import AuthProfile
from schedules.models import DatedException, Schedule
from schedules.weeks import replace_week
from transfers import imports
from transfers.kinds.transfer import TransferAction
from transfers.models import NumberImport, NumberRules, SipConnection, TransferDestination
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

MODELS = (
    *(Agent, Action, MenuKey, Workflow, Call, Contact, AuthProfile),
    *(Schedule, DatedException, SipConnection, TransferDestination, NumberImport, NumberRules),
    *(Source, Document, Passage, EmbeddingConnection),
)

OURS = (
    "accounts",
    "actions",
    "calls",
    "contacts",
    "knowledge",
    "notifications",
    "outbound",
    "schedules",
    "transfers",
    "workflows",
)


def fill(account: Account) -> None:
    """Rows that hold one another: actions of menus, sources, schedules, connections, profiles, other agents."""
    with scope(account=account):
        schedule = Schedule.objects.create(account=account, name="Hours", holiday_country="FR")
        replace_week(schedule, [{"days": [0], "from": "09:00", "to": "17:00"}])
        DatedException.objects.create(schedule=schedule, first_day="2026-12-24", last_day="2026-12-24")
        agent = Agent.objects.create(account=account, name="Accueil", slug="accueil", opening_hours=schedule)
        _fill_actions(account, agent, _source(account), schedule)
        release = publish(agent)
        Contact.objects.create(account=account, phone="+33612000009")
        Call.objects.create(
            account=account,
            agent=agent,
            release=release,
            direction="inbound",
            state=CallState.COMPLETED,
            answer_due_at=release.published_at,
        )


def _source(account: Account) -> Source:
    profile = AuthProfile(account=account, name="vectors", kind="bearer", hosts=["vectors.example"])
    profile.enter_secrets({"token": "secret"})
    profile.save()
    EmbeddingConnection.objects.create(
        account=account, url="https://vectors.example/v1", model="small", dimensions=3, auth_profile=profile
    )
    source = Source.objects.create(account=account, name="Questions")
    document = Document(source=source, title="Tariffs", kind=DocumentKind.FILE, file_name="tariffs.txt")
    document.file.save("tariffs.txt", ContentFile(b"Ten euros a month."), save=False)
    document.save()
    Passage.objects.create(source=source, document=document, position=0, text="Ten euros.", language="en")
    return source


def _fill_actions(account: Account, agent: Agent, source: Source, schedule: Schedule) -> None:
    workflow = Workflow.objects.create(account=account, name="Look up")
    WorkflowAction.objects.create(agent=agent, moment="before", name="look_up", workflow=workflow)
    KnowledgeAction.objects.create(agent=agent, moment="during", name="search", source=source, description="Ask.")
    line = SipConnection.objects.create(account=account, name="Line", host="sip.lac.example")
    other = Agent.objects.create(account=account, name="Claims", slug="claims", opening_hours=schedule)
    transfer = TransferAction.objects.create(
        agent=agent, moment="during", name="to_people", description="Ask.", sip_connection=line, schedule=schedule
    )
    TransferDestination.objects.create(action=transfer, phone="+33612345678", schedule=schedule, description="One")
    TransferDestination.objects.create(action=transfer, type="agent", agent=other, description="Two")
    imports.open_import(transfer, file_name="numbers.csv", content=b"phone\n+33612345679\n", mode="add")
    NumberRules.objects.create(account=account, allows_short=True)
    menu = MenuAction.objects.create(agent=agent, moment="during", name="menu")
    target = HangUpAction.objects.create(agent=agent, moment="during", name="goodbye")
    MenuKey.objects.create(menu=menu, key="9", target=target, arguments={"reason": "caller_asked"})


@pytest.fixture
def files(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    return tmp_path


def test_an_account_in_full_use_can_be_deleted(account: Account, other_account: Account, files: Path) -> None:
    fill(other_account)
    with scopes_disabled():
        counts = {model: model.objects.count() for model in apps.get_models() if model._meta.app_label in OURS}
    kept = {path for path in files.rglob("*") if path.is_file()}
    fill(account)
    assert len([path for path in files.rglob("*") if path.is_file()]) == 2
    with scopes_disabled(), TestCase.captureOnCommitCallbacks(execute=True):
        account.delete()
        assert Account.objects.get() == other_account
        assert all(model.objects.exists() for model in MODELS), "the other account is in full use"
        left = {model: model.objects.count() for model in counts}
    assert {model for model in counts if left[model] != counts[model]} == {Account}
    assert {path for path in files.rglob("*") if path.is_file()} == kept
