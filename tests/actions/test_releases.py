"""Publishing: every error at once, immutable versions, and the way back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django_scopes import scope

from accounts.models import User
from actions.kinds.hang_up import HangUpAction
from actions.kinds.keypad import KeypadAction
from actions.kinds.wait import WaitAction
from actions.models import Agent, Classifier, Label, Release
from actions.releases import PublishError, draft_digest, load_plan, publish, roll_back


@pytest.fixture
def draft(agent: Agent) -> Iterator[Agent]:
    with scope(account=agent.account):
        yield agent


def tool_names(release: Release) -> list[str]:
    return [tool.name for tool in load_plan(release.pk).tools]


def test_a_release_holds_what_was_enabled_in_its_order(draft: Agent) -> None:
    KeypadAction.objects.create(agent=draft, moment="during", name="keys", position=2)
    WaitAction.objects.create(agent=draft, moment="during", name="hold", position=1)
    WaitAction.objects.create(agent=draft, moment="during", name="off", enabled=False)
    release = publish(draft)
    assert tool_names(release) == ["hold", "keys", "hang_up"]
    draft.refresh_from_db()
    assert draft.current_release == release


def test_editing_touches_no_release(draft: Agent) -> None:
    keys = KeypadAction.objects.create(agent=draft, moment="during", name="keys")
    first = publish(draft)
    keys.name = "press"
    keys.save()
    assert tool_names(first) == ["keys", "hang_up"]
    second = publish(draft)
    assert (first.number, second.number) == (1, 2)
    assert tool_names(second) == ["press", "hang_up"]


def test_a_configured_hang_up_replaces_the_default_one(draft: Agent) -> None:
    HangUpAction.objects.create(agent=draft, moment="during", name="goodbye", attempts=3)
    assert tool_names(publish(draft)) == ["goodbye"]


def test_an_empty_description_becomes_the_default_in_the_agents_language(draft: Agent) -> None:
    KeypadAction.objects.create(agent=draft, moment="during", name="keys")
    KeypadAction.objects.create(agent=draft, moment="during", name="more_keys", description="Only for the lift.")
    described = {tool.name: tool.description for tool in load_plan(publish(draft).pk).tools}
    assert described["keys"]
    assert described["more_keys"] == "Only for the lift."


def test_every_error_is_reported_at_once_and_nothing_is_stored(draft: Agent) -> None:
    KeypadAction.objects.create(agent=draft, moment="during", name="hang_up")
    WaitAction.objects.create(agent=draft, moment="after", name="hold")
    with pytest.raises(PublishError) as refusal:
        publish(draft)
    problems = {(problem.action.name if problem.action else "", problem.field) for problem in refusal.value.problems}
    assert problems == {("hang_up", "name"), ("hold", "moment")}
    assert not Release.objects.exists()


def test_going_back_stores_a_new_version_and_leaves_the_draft(draft: Agent, editor_user: User) -> None:
    KeypadAction.objects.create(agent=draft, moment="during", name="keys")
    first = publish(draft)
    WaitAction.objects.create(agent=draft, moment="during", name="hold")
    publish(draft)
    back = roll_back(draft, to=first, by=editor_user)
    assert (back.number, back.rolled_back_to, back.published_by) == (3, first, editor_user)
    assert tool_names(back) == tool_names(first)
    assert WaitAction.objects.filter(name="hold").exists()
    draft.refresh_from_db()
    assert draft.current_release == back


def test_a_release_of_another_agent_is_no_way_back(draft: Agent) -> None:
    other = Agent.objects.create(account=draft.account, name="Other", slug="other")
    with pytest.raises(ValueError, match="another agent"):
        roll_back(draft, to=publish(other))


def test_it_knows_whether_the_draft_differs(draft: Agent) -> None:
    release = publish(draft)
    assert draft_digest(draft) == release.digest
    KeypadAction.objects.create(agent=draft, moment="during", name="keys")
    assert draft_digest(draft) != release.digest
    KeypadAction.objects.create(agent=draft, moment="during", name="hang_up")
    assert draft_digest(draft) is None


def test_the_main_classifier_gives_the_disposition(draft: Agent) -> None:
    for name, is_main in [("mood", False), ("reason", True)]:
        classifier = Classifier.objects.create(agent=draft, name=name, is_main=is_main)
        Label.objects.create(classifier=classifier, name="any")
    assert load_plan(publish(draft).pk).analysis.main_classifier == "reason"
