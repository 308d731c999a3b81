"""Schedules over the API: whole or not at all, named by agents, asked whether they are open."""

from __future__ import annotations

from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Account
from schedules.models import Schedule
from tests.api.conftest import Api

WEEK = [
    {"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "12:00"},
    {"days": [0, 1, 2, 3, 4], "from": "14:00", "to": "17:00"},
]
BODY = {
    "name": "Support",
    "time_zone": "Europe/Paris",
    "holiday_country": "FR",
    "holiday_region": "57",
    "windows": WEEK,
    "exceptions": [
        {"name": "Meeting", "effect": "closed", "first_day": "2026-11-24", "last_day": "2026-11-24",
         "opens": "10:00:00", "closes": "12:00:00"},
    ],
}  # fmt: skip


@pytest.fixture
def schedule(api: Api) -> dict[str, Any]:
    answer = api.post("schedules", BODY)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def test_what_was_sent_comes_back_and_can_be_sent_again(api: Api, schedule: dict[str, Any]) -> None:
    address = f"schedules/{schedule['id']}"
    fetched = api.get(address).json()

    assert {name: fetched[name] for name in BODY} == BODY
    assert {name: api.put(address, fetched).json()[name] for name in BODY} == BODY


def test_a_change_of_one_thing_leaves_the_rest(api: Api, schedule: dict[str, Any]) -> None:
    changed = api.patch(f"schedules/{schedule['id']}", {"name": "Sales"}).json()

    assert {name: changed[name] for name in BODY} == {**BODY, "name": "Sales"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"windows": [{"days": [], "from": "09:00", "to": "12:00"}]}, "windows"),
        ({"windows": [{"days": [7], "from": "09:00", "to": "12:00"}]}, "windows"),
        ({"windows": [{"days": [True], "from": "09:00", "to": "12:00"}]}, "windows"),
        ({"windows": [{"days": [0, 0], "from": "09:00", "to": "12:00"}]}, "windows"),
        ({"windows": [{"days": [0], "from": "9:00", "to": "12:00"}]}, "windows"),
        ({"windows": [{"days": [0], "from": "24:00", "to": "12:00"}]}, "windows"),
        ({"windows": [{"days": [0], "from": "09:00", "to": "09:00"}]}, "windows"),
        ({"windows": [{"days": [0], "from": 9, "to": "09:00"}]}, "windows"),
        ({"windows": [{"days": [0], "from": "09:00"}]}, "windows"),
        ({"windows": ["always"]}, "windows"),
        ({"windows": "always"}, "windows"),
        ({"windows": [*WEEK, {"days": [4], "from": "16:00", "to": "18:00"}]}, "windows"),
        (
            {"windows": [{"days": [6], "from": "22:00", "to": "06:00"}, {"days": [0], "from": "05:00", "to": "07:00"}]},
            "windows",
        ),
        ({"windows": WEEK * 30}, "windows"),
        ({"time_zone": "Europe/Lutetia"}, "time_zone"),
        ({"holiday_country": "ZZ"}, "holiday_country"),
        ({"holiday_region": "BY"}, "holiday_region"),
        ({"holiday_country": "", "holiday_region": "57"}, "holiday_region"),
        ({"exceptions": [{"first_day": "2026-12-24", "last_day": "2026-12-23"}]}, "exceptions"),
        ({"exceptions": [{"first_day": "1926-12-24", "last_day": "1926-12-24"}]}, "exceptions"),
        ({"exceptions": [{"first_day": "2026-01-01", "last_day": "2027-12-31"}]}, "exceptions"),
        ({"exceptions": [{"first_day": "2026-12-24", "last_day": "2026-12-24", "effect": "open"}]}, "exceptions"),
        ({"exceptions": [{"first_day": "2026-12-24", "last_day": "2026-12-24", "opens": "09:00"}]}, "exceptions"),
        ({"exceptions": [{"first_day": "2026-12-24"}]}, "exceptions"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_lost(
    api: Api, schedule: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    address = f"schedules/{schedule['id']}"
    answer = api.put(address, {**BODY, **changes})

    assert answer.status_code == 422, answer.content
    assert [error["field"].partition(".")[0].partition("[")[0] for error in answer.json()["errors"]][:1] == [field]
    assert {name: api.get(address).json()[name] for name in BODY} == BODY


def test_a_name_is_there_once_for_each_account(api: Api, schedule: dict[str, Any]) -> None:
    assert api.post("schedules", BODY).status_code == 422


@pytest.mark.parametrize(
    ("at", "now", "following", "sentence"),
    [
        ("2026-11-23T10:00:00Z", True, "2026-11-23T14:00:00+01:00", "open until noon"),
        ("2026-11-28T10:00:00Z", False, "2026-11-30T09:00:00+01:00", "closed, opens Monday 9:00"),
        ("2026-11-24T10:00:00Z", False, "2026-11-24T14:00:00+01:00", "closed (Meeting), opens today 14:00"),
    ],
)
def test_a_schedule_says_whether_it_is_open(
    api: Api, schedule: dict[str, Any], at: str, now: bool, following: str, sentence: str
) -> None:
    state = api.get(f"schedules/{schedule['id']}/state?at={at}&language=en").json()

    assert (state["now"], state["next"], state["sentence"]) == (now, following, sentence)


@pytest.mark.parametrize("query", ["at=yesterday", "at=9999-01-01T00:00:00Z", "at=0001-01-01T00:00:00Z", "language=de"])
def test_an_instant_or_a_language_that_cannot_be_is_refused(api: Api, schedule: dict[str, Any], query: str) -> None:
    assert api.get(f"schedules/{schedule['id']}/state?{query}").status_code == 422


def test_an_agent_names_its_opening_hours_and_keeps_them_from_being_deleted(api: Api, schedule: dict[str, Any]) -> None:
    agent = api.post("agents", {"slug": "accueil", "name": "Accueil", "opening_hours": "Support"})
    refused = api.delete(f"schedules/{schedule['id']}")

    assert agent.json()["opening_hours"] == "Support"
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert api.patch("agents/accueil", {"opening_hours": None}).json()["opening_hours"] is None
    assert api.delete(f"schedules/{schedule['id']}").status_code == 204


def test_the_schedules_of_others_do_not_exist(api: Api, other_account: Account) -> None:
    with scope(account=other_account):
        theirs = Schedule.objects.create(account=other_account, name="Theirs")

    assert api.get(f"schedules/{theirs.pk}").status_code == 404
    assert api.get(f"schedules/{theirs.pk}/state").status_code == 404
    assert api.get("schedules").json()["results"] == []
    assert api.post("agents", {"slug": "a", "name": "A", "opening_hours": "Theirs"}).status_code == 422
