"""How opening hours are said."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from schedules.hours import Hours, PublicHolidays, Window, parse_time
from schedules.names import always_open, open_names
from schedules.words import sentence

NB = "\u00a0"


def hours(*windows: str, days: str = "01234", country: str = "") -> Hours:
    return Hours(
        time_zone="Europe/Paris",
        windows=tuple(
            Window(
                days=tuple(map(int, days)),
                opens=parse_time(window.split("-")[0]),
                closes=parse_time(window.split("-")[1]),
            )
            for window in windows
        ),
        holidays=PublicHolidays(country=country) if country else None,
    )


@pytest.mark.parametrize(
    ("opened", "moment", "english", "french"),
    [
        (hours("09:00-17:00"), "2026-11-23T10:00", "open until 17:00", f"ouvert jusqu’à 17{NB}h"),
        (hours("09:00-17:30"), "2026-11-23T10:00", "open until 17:30", f"ouvert jusqu’à 17{NB}h{NB}30"),
        (hours("09:00-12:00"), "2026-11-23T10:00", "open until noon", "ouvert jusqu’à midi"),
        (hours("09:00-00:00"), "2026-11-23T10:00", "open until midnight", "ouvert jusqu’à minuit"),
        (hours("22:00-02:00"), "2026-11-23T23:00", "open until tomorrow 2:00", f"ouvert jusqu’à demain 2{NB}h"),
        (hours("00:00-00:00"), "2026-11-23T10:00", "open until Friday midnight", "ouvert jusqu’à vendredi minuit"),
        (hours("00:00-00:00", days="0123456"), "2026-11-23T10:00", "open", "ouvert"),
        (hours("09:00-17:00"), "2026-11-23T08:00", "closed, opens today 9:00", f"fermé, ouvre aujourd’hui à 9{NB}h"),
        (hours("09:00-17:00"), "2026-11-23T18:00", "closed, opens tomorrow 9:00", f"fermé, ouvre demain à 9{NB}h"),
        (hours("09:00-17:00"), "2026-11-28T10:00", "closed, opens Monday 9:00", f"fermé, ouvre lundi à 9{NB}h"),
        (
            hours("09:00-17:00", days="0"),
            "2026-11-23T18:00",
            "closed, opens Monday 30 November 9:00",
            f"fermé, ouvre lundi 30 novembre à 9{NB}h",
        ),
        (
            hours("09:00-17:00", days="1"),
            "2026-11-24T18:00",
            "closed, opens Tuesday 1 December 9:00",
            f"fermé, ouvre mardi 1er décembre à 9{NB}h",
        ),
        (
            hours("09:00-17:00", country="FR"),
            "2026-12-25T10:00",
            "closed (Christmas Day), opens Monday 9:00",
            f"fermé (Noël), ouvre lundi à 9{NB}h",
        ),
        (hours(), "2026-11-23T10:00", "closed until further notice", "fermé jusqu’à nouvel ordre"),
    ],
)
def test_hours_are_said_as_on_the_phone(opened: Hours, moment: str, english: str, french: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Paris"))
    state = opened.state_at(at)

    assert sentence(state, at, "en") == english
    assert sentence(state, at, "fr") == french


def test_the_day_is_that_of_the_schedule_wherever_one_asks_from() -> None:
    at = datetime.fromisoformat("2026-11-22T23:30").replace(tzinfo=ZoneInfo("UTC"))

    assert sentence(hours("09:00-17:00").state_at(at), at, "en") == "closed, opens today 9:00"


def test_templates_see_now_next_until_and_the_sentence() -> None:
    at = datetime.fromisoformat("2026-11-23T10:00").replace(tzinfo=ZoneInfo("Europe/Paris"))

    assert open_names(hours("09:00-17:00").state_at(at), at, "fr") == {
        "now": True,
        "next": "2026-11-24T09:00:00+01:00",
        "until": "2026-11-23T17:00:00+01:00",
        "sentence": f"ouvert jusqu’à 17{NB}h",
    }
    assert always_open("fr") == {"now": True, "next": None, "until": None, "sentence": "ouvert"}
