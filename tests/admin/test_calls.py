"""The records of calls: lists, the story of one call, and another try for what was given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from accounts import queue
from actions.contract import Moment
from calls.admin import words
from calls.models import Call, Event, Run, RunState
from tests.admin.conftest import Furnished, make_call, make_run
from tests.admin.forms import text

People = Callable[..., Client]
TRANSFER: dict[str, Any] = {
    "type": "transfer",
    "destinations": [{"type": "number", "value": "+33612345678", "description": "Support"}],
    "ring_time_s": 20,
    "attempt": 1,
    "mode": "cold",
    "sip_connection": None,
    "sip_headers": {},
}
HUNT = {
    "status": "busy",
    "attempts": [
        {
            "attempt": 1,
            "destinations": [{"name": "Support", "value": "+33612345678", "description": "Support"}],
            "requested_at": "2026-03-02T10:00:00Z",
            "ended_at": "2026-03-02T10:00:20Z",
            "outcome": "no_answer",
            "sip_code": None,
        },
        {
            "attempt": 2,
            "destinations": [{"name": "Sales", "value": "+33612345679", "description": "Sales"}],
            "requested_at": "2026-03-02T10:00:20Z",
            "ended_at": None,
            "outcome": "busy",
            "sip_code": 486,
        },
    ],
    "skipped": [{"name": "Night", "value": "+33612345670", "why": "closed", "opens_at": None}],
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Messages to workers."""
    messages: list[Any] = []
    monkeypatch.setattr(queue.current_app, "send_task", lambda name, args, **_options: messages.append((name, *args)))
    return messages


def story(furnished: Furnished, client: Client) -> str:
    return text(client.get(f"/admin/calls/call/{furnished.call.pk}/change/"))


def test_the_story_has_the_three_moments_in_order(furnished: Furnished, people: People) -> None:
    page = story(furnished, people("viewer"))
    order = [page.index(f"<h2>{moment.label}</h2>") for moment in Moment]
    assert order == sorted(order)


def test_a_run_tells_its_directives_arguments_and_result(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        make_run(
            furnished.call,
            moment=Moment.DURING,
            kind="transfer",
            action_name="my_transfer",
            state=RunState.SUCCEEDED,
            arguments={"destination": "Support"},
            directives=[TRANSFER],
            progress=HUNT,
            result={"status": "requested", "message": "Being transferred."},
            variables={"found": {"deep": ["value"]}},
            warnings=["“customerId” is unknown."],
            duration_ms=1234.5,
        )
    page = story(furnished, people("viewer"))
    for expected in (
        "Transfer to Support (+33612345678), ringing for 20 s",
        "Being transferred.",
        "Sales (+33612345679)",
        "No answer",
        "SIP 486",
        "20 s",
        "Not rung: Night (+33612345670), closed at that time",
        "“customerId” is unknown.",
        "1.2 s",
        "&quot;deep&quot;: [",
    ):
        assert expected in page, expected


def test_steps_of_a_workflow_are_shown(furnished: Furnished, people: People) -> None:
    def step(**facts: Any) -> dict[str, Any]:
        return {"node": "ask", "kind": "api_request", "title": "Ask the CRM", "duration_ms": 12.0, **facts}

    trace = [
        step(state="succeeded", branch="vip", input={"url": "https://crm.example"}, output={"status": 200}),
        step(state="failed", title="Ask again", error={"code": "timed_out", "message": "No answer in time."}),
        step(state="not_taken", title="Else"),
    ]
    with scope(account=furnished.account):
        make_run(furnished.call, kind="workflow", action_name="my_workflow", trace=trace)
    page = story(furnished, people("viewer"))
    for expected in ("Ask the CRM", "→ vip", "https://crm.example", "No answer in time.", "Not taken"):
        assert expected in page, expected


def test_text_from_outside_is_never_markup(furnished: Furnished, people: People) -> None:
    evil = "<script>alert(1)</script>"
    with scope(account=furnished.account):
        Call.objects.update(
            summary=evil, from_number=evil, transcript=[{"role": evil, "text": evil}], sip_headers={evil: evil}
        )
        make_run(furnished.call, result={evil: [evil]}, error_message=evil, variables={"a": {"b": evil}}, trace=[evil])
        Event.objects.create(account=furnished.account, call=furnished.call, type=evil[:60], data={evil: evil})
    assert "<script>alert" not in story(furnished, people("viewer"))
    assert "<script>alert" not in text(people("viewer").get("/admin/calls/call/"))
    assert "<script>alert" not in text(people("viewer").get("/admin/calls/run/"))


def test_events_say_what_they_meant(furnished: Furnished, people: People) -> None:
    page = story(furnished, people("viewer", "fr"))
    assert "Personne ne répond" in page
    assert "Nobody." in page


def test_the_transcript_is_a_conversation(furnished: Furnished, people: People) -> None:
    page = story(furnished, people("viewer"))
    assert 'class="tq-bubble tq-bubble-caller"' in page
    assert "1:05" in page


def test_pieces_of_transcript_show_only_until_the_whole_came(furnished: Furnished, people: People) -> None:
    piece = {"role": "caller", "text": "Allô ?"}
    with scope(account=furnished.account):
        Event.objects.create(account=furnished.account, call=furnished.call, type="transcript", data=piece)
        assert "Allô ?" not in story(furnished, people("viewer"))
        Call.objects.update(transcript=[])
    assert "Allô ?" in story(furnished, people("viewer"))


@pytest.mark.parametrize("written", ["01 99 00 00 01", "+33199000001", "33199000001", "(01) 99-00.00.01", "CA-1"])
def test_a_call_is_found_by_its_number_however_written(written: str, furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        other = make_call(furnished.agent, "ZZ-9")
        Call.objects.filter(pk=other.pk).update(from_number="anonymous", to_number="+33188888888")
    page = text(people("viewer").get("/admin/calls/call/", {"q": written}))
    assert str(furnished.call.pk) in page
    assert str(other.pk) not in page


def test_a_call_is_found_by_its_id(furnished: Furnished, people: People) -> None:
    page = text(people("viewer").get("/admin/calls/call/", {"q": str(furnished.call.pk)}))
    assert f"/admin/calls/call/{furnished.call.pk}/change/" in page


def test_days_are_days_of_the_reader(furnished: Furnished, people: People) -> None:
    """In Paris, 23:30 UTC of the 1st is the 2nd; French writes the day first."""
    with scope(account=furnished.account):
        Call.objects.update(begun_at=dt.datetime(2026, 2, 1, 23, 30, tzinfo=dt.UTC))
    for client, day, found in (
        (people("viewer", "fr"), "02/02/2026", True),
        (people("viewer", "fr"), "01/02/2026", False),
        (people("viewer", "en"), "2026-02-02", True),
        (people("viewer", "en"), "nonsense", True),
    ):
        page = text(client.get("/admin/calls/call/", {"begun_at_from": day, "begun_at_to": day}))
        assert (str(furnished.call.pk) in page) == found, day


def test_calls_are_read_only_for_everybody(furnished: Furnished, people: People) -> None:
    base = f"/admin/calls/call/{furnished.call.pk}"
    assert people("admin").get("/admin/calls/call/add/").status_code == 403
    assert people("staff").post(f"{base}/delete/", {"post": "yes"}).status_code == 403
    people("staff").post(f"{base}/change/", {"summary": "other"})
    with scope(account=furnished.account):
        assert Call.objects.get(pk=furnished.call.pk).summary == "Elle veut résilier."


def test_a_run_is_read_inside_its_call(furnished: Furnished, people: People) -> None:
    response = people("viewer").get(f"/admin/calls/run/{furnished.run.pk}/change/")
    assert response["Location"] == f"/admin/calls/call/{furnished.call.pk}/change/#run-{furnished.run.pk}"


def test_trying_again_is_offered_to_editors(furnished: Furnished, people: People) -> None:
    again = f"/admin/calls/run/{furnished.run.pk}/retry/"
    assert again in story(furnished, people("editor"))
    assert again not in story(furnished, people("viewer"))


@pytest.mark.django_db(transaction=True)
def test_a_given_up_run_is_queued_once_and_a_worker_woken(
    furnished: Furnished, people: People, sent: list[Any]
) -> None:
    client, url = people("editor"), f"/admin/calls/run/{furnished.run.pk}/retry/"
    assert client.post(url)["Location"].endswith(f"#run-{furnished.run.pk}")
    client.post(url)
    with scope(account=furnished.account):
        run = Run.objects.get(pk=furnished.run.pk)
    assert (run.state, run.attempt, run.finished_at) == (RunState.QUEUED, 8, None)
    assert run.due_at is not None
    assert run.due_at <= timezone.now()
    assert sent == [("calls.work_runs",)]


@pytest.mark.django_db(transaction=True)
def test_many_given_up_runs_are_tried_again_and_no_others(
    furnished: Furnished, people: People, sent: list[Any]
) -> None:
    with scope(account=furnished.account):
        rows = [make_run(furnished.call), make_run(furnished.call, state=RunState.SUCCEEDED)]
    chosen = {"action": "retry_given_up", "_selected_action": [str(row.pk) for row in [*rows, furnished.run]]}
    page = text(people("editor").post("/admin/calls/run/", chosen, follow=True))
    assert "2 runs are tried again." in page
    with scope(account=furnished.account):
        assert Run.objects.filter(state=RunState.QUEUED).count() == 2
    assert len(sent) == 1


def test_the_overview_leads_to_what_went_wrong(furnished: Furnished, people: People) -> None:
    client = people("viewer")
    url = "/admin/calls/deadrun/?period=day"
    assert f'href="{url}"' in text(client.get("/admin/"))
    assert str(furnished.run.call_id) in text(client.get(url))
    with scope(account=furnished.account):
        Run.objects.update(created_at=timezone.now() - dt.timedelta(hours=25))
    assert str(furnished.run.call_id) not in text(client.get(url))


def test_facts_of_events_have_names_for_people() -> None:
    facts = words.event_facts({"tool_call_id": "t1", "attempt": 1, "sip_code": 486, "queue": "x"})
    assert facts == {"attempt": 1, "SIP code": 486, "queue": "x"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (TRANSFER, "Transfer to Support (+33612345678), ringing for 20 s"),
        (
            {**TRANSFER, "attempt": 2, "mode": "warm", "sip_connection": {"name": "Trunk"}},
            "Attempt 2: ring Support (+33612345678) for 20 s, through Trunk, with a summary",
        ),
        (
            {**TRANSFER, "destinations": [*TRANSFER["destinations"], {"type": "agent", "value": "nuit"}]},
            "Transfer to Support (+33612345678) and nuit, ringing for 20 s",
        ),
        ({"type": "collect_digits", "most": 1}, "Take 1 key from the caller"),
        ({"type": "collect_digits", "most": 6}, "Take up to 6 keys from the caller"),
        ({"type": "hang_up", "reason": "goal_reached"}, "Hang up"),
        ({"type": "say", "text": "Hello", "language": "en"}, "Say: “Hello”"),
        ({"type": "send_digits", "digits": "12#"}, "Press the keys 12#"),
        ({"type": "wait", "max_s": 15}, "Stay silent for 15 s at most"),
        ({"type": "sing"}, "sing"),
    ],
)
def test_directives_in_words(given: dict[str, Any], sentence: str) -> None:
    assert words.directive(given) == sentence


@pytest.mark.parametrize(
    ("milliseconds", "shown"), [(None, ""), (0.2, "< 1 ms"), (4.94, "4.9 ms"), (350.0, "350 ms"), (2012.0, "2.0 s")]
)
def test_times_in_words(milliseconds: float | None, shown: str) -> None:
    assert words.milliseconds(milliseconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(None, ""), (41.5, "42 s"), (185.0, "3 min 05 s")])
def test_durations_in_words(seconds: float | None, shown: str) -> None:
    assert words.duration(seconds) == shown
