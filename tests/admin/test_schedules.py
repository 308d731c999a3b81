"""Schedules in the admin: the week in rows, exceptions, holidays, and what keeps a schedule from being deleted."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from schedules.models import Schedule
from schedules.weeks import replace_week, week_of

LIST = "/admin/schedules/schedule/"
EMPTY_INLINE = {
    "exceptions-TOTAL_FORMS": "0", "exceptions-INITIAL_FORMS": "0",
    "exceptions-MIN_NUM_FORMS": "0", "exceptions-MAX_NUM_FORMS": "1000",
}  # fmt: skip


def posted(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Support", "time_zone": "Europe/Paris", "holiday_country": "FR", "holiday_region": "FR-57",
        "week-0-days": ["0", "1"], "week-0-from": "09:00", "week-0-to": "12:00",
        "week-1-from": "", "week-1-to": "",
        "week-10001-days": ["0", "4"], "week-10001-from": "22:00", "week-10001-to": "00:00",
        **EMPTY_INLINE, **changes,
    }  # fmt: skip


def exception(**columns: str) -> dict[str, str]:
    row = {"name": "Meeting", "effect": "closed", "first_day": "2026-11-24", "last_day": "2026-11-24", **columns}
    return {**EMPTY_INLINE, "exceptions-TOTAL_FORMS": "1", **{f"exceptions-0-{name}": row[name] for name in row}}


@pytest.fixture
def editor(cast: SimpleNamespace, client_for: Callable[..., Client]) -> Client:
    return client_for(cast.editor)


@pytest.fixture
def schedule(account: Account) -> Schedule:
    with scope(account=account):
        schedule = Schedule.objects.create(account=account, name="Support")
        replace_week(schedule, [{"days": [0], "from": "09:00", "to": "12:00"}])
    return schedule


def test_a_schedule_is_created_with_its_week_and_its_exceptions(editor: Client, account: Account) -> None:
    answer = editor.post(f"{LIST}add/", posted(**exception(opens="10:00", closes="12:00")))

    assert answer.status_code == 302, answer.context["errors"]
    with scope(account=account):
        schedule = Schedule.objects.get()
        assert week_of(schedule) == [
            {"days": [0, 1], "from": "09:00", "to": "12:00"},
            {"days": [0, 4], "from": "22:00", "to": "00:00"},
        ]
        assert (schedule.holiday_country, schedule.holiday_region) == ("FR", "57")
        assert [row.name for row in schedule.exceptions.all()] == ["Meeting"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"week-0-days": []}, "Time slot 1: Choose at least one day."),
        ({"week-0-to": ""}, "Time slot 1: Give both times"),
        ({"week-10001-from": "11:00", "week-10001-to": "13:00"}, "Monday: 09:00–12:00 and 11:00–13:00 overlap."),
        ({"week-0-to": "09:00"}, "It opens and closes at the same time."),
        ({"holiday_region": "US-CA"}, "This region is not in the country that is chosen."),
        ({"holiday_region": "FR-nowhere"}, "Select a valid choice."),
        ({"holiday_country": "ZZ"}, "Select a valid choice."),
        ({"time_zone": "Europe/Lutetia"}, "is not a known time zone"),
        (exception(last_day="2026-11-23"), "The last day is before the first."),
        (exception(effect="open"), "Say from when to when it is open."),
        (exception(opens="10:00"), "Give both times, or none for the whole day."),
    ],
)
def test_what_cannot_be_is_refused_with_words_and_shown_again(
    editor: Client, account: Account, changes: dict[str, Any], text: str
) -> None:
    answer = editor.post(f"{LIST}add/", posted(**changes))

    page = answer.content.decode()
    assert text in page
    assert 'name="week-0-from" value="09:00"' in page
    with scope(account=account):
        assert not Schedule.objects.exists()


def test_the_page_shows_the_days_ahead_and_who_uses_it(editor: Client, schedule: Schedule, agent: Agent) -> None:
    agent.opening_hours = schedule
    agent.save()

    page = editor.get(f"{LIST}{schedule.pk}/change/").content.decode()

    assert page.count('<th scope="row">') == 14
    assert "Agent “Accueil”" in page
    assert "1 place" in editor.get(LIST).content.decode()


def test_a_schedule_that_is_used_is_not_deleted(editor: Client, schedule: Schedule, agent: Agent) -> None:
    agent.opening_hours = schedule
    agent.save()

    editor.post(f"{LIST}{schedule.pk}/delete/", {"post": "yes"})

    with scope(account=schedule.account):
        assert Schedule.objects.exists()
        Agent.objects.update(opening_hours=None)
        editor.post(f"{LIST}{schedule.pk}/delete/", {"post": "yes"})
        assert not Schedule.objects.exists()


def test_a_viewer_reads_and_a_stranger_does_not(
    cast: SimpleNamespace, client_for: Callable[..., Client], schedule: Schedule
) -> None:
    viewer = client_for(cast.viewer)

    assert viewer.get(f"{LIST}{schedule.pk}/change/").status_code == 200
    assert viewer.post(f"{LIST}{schedule.pk}/change/", posted()).status_code == 403
    assert client_for(cast.stranger).get(f"{LIST}{schedule.pk}/change/").status_code in {302, 404}


def test_an_agent_is_offered_the_schedules_of_its_account_only(
    editor: Client, schedule: Schedule, other_account: Account, agent: Agent
) -> None:
    with scope(account=other_account):
        Schedule.objects.create(account=other_account, name="Theirs")

    page = editor.get(f"/admin/actions/agent/{agent.pk}/change/").content.decode()

    assert "Support" in page
    assert "Theirs" not in page
