"""Which auth profiles the account's workflows use: as they are drawn, and as they are published."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from actions.contract import JSON
from actions.models import Agent
from outbound.usage import ProfileUse
from workflows.models import Workflow

MEMBER = "auth_profile"


def profile_uses(account_id: int) -> Iterator[ProfileUse]:
    """A draft, and a published version that calls may still run although its draft has changed."""
    with scopes_disabled():
        workflows = list(Workflow.objects.filter(account_id=account_id).only("name", "graph"))
        agents = list(
            Agent.objects.filter(account_id=account_id, current_release__isnull=False).select_related("current_release")
        )
    for workflow in workflows:
        label = _("Workflow “%(name)s”") % {"name": workflow.name}
        url = reverse("admin:workflows_workflow_change", args=[workflow.pk])
        for profile in sorted(_named(workflow.graph)):
            yield ProfileUse(profile, label, url)
    for agent in agents:
        assert agent.current_release is not None
        facts = {"name": agent.name, "number": agent.current_release.number}
        label = _("Agent “%(name)s”, published version %(number)d") % facts
        url = reverse("admin:actions_agent_change", args=[agent.pk])
        for profile in sorted(_named(agent.current_release.snapshot)):
            yield ProfileUse(profile, label, url)


def _named(value: JSON) -> set[str]:
    """Every profile named in nodes' settings, however deep they lie."""
    found: set[str] = set()
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            if isinstance(name := each.get(MEMBER), str) and name:
                found.add(name)
            left += each.values()
        elif isinstance(each, list):
            left += each
    return found
