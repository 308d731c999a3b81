"""An account goes with everything of it, and with nothing of others."""

from __future__ import annotations

from django_scopes import scope, scopes_disabled

from accounts.models import Account
from actions.models import Agent
from actions.releases import publish
from calls.models import Call, CallState
from knowledge.kinds.knowledge import KnowledgeAction
from knowledge.models import Source
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow


def fill(account: Account) -> None:
    with scope(account=account):
        agent = Agent.objects.create(account=account, name="Accueil", slug="accueil")
        workflow = Workflow.objects.create(account=account, name="Look up")
        WorkflowAction.objects.create(agent=agent, moment="before", name="look_up", workflow=workflow)
        source = Source.objects.create(account=account, name="Questions")
        KnowledgeAction.objects.create(agent=agent, moment="during", name="search", source=source)
        release = publish(agent)
        Call.objects.create(
            account=account,
            agent=agent,
            release=release,
            direction="inbound",
            state=CallState.COMPLETED,
            answer_due_at=release.published_at,
        )


def test_an_account_in_full_use_can_be_deleted(account: Account, other_account: Account) -> None:
    fill(account)
    fill(other_account)
    with scopes_disabled():
        account.delete()
        assert Account.objects.get() == other_account
        for model in (Agent, Workflow, Source, Call):
            assert model.objects.count() == 1
