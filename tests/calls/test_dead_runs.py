"""Runs that were given up: listed by reason, tried again, or skipped, by people and by programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import queue
from accounts.models import Account, User
from actions.contract import Moment
from actions.models import Agent
from calls.after import dead
from calls.after.settling import STOPPED
from calls.models import Call, CallState, Run, RunState
from tests.conftest import issue_key


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue.current_app, "send_task", lambda *args, **options: None)


def make_run(agent: Agent, **columns: Any) -> Run:
    call = columns.pop("call", None) or Call.objects.create(
        account=agent.account,
        agent=agent,
        release=agent.current_release,
        direction="inbound",
        state=CallState.COMPLETED,
        answer_due_at=timezone.now(),
        from_number="+33199000002",
    )
    defaults = {"action_name": "mail", "kind": "email", "state": RunState.DEAD, "attempt": 8}
    defaults |= {"error_code": "mail_refused", "error_message": "550 no such user", "finished_at": timezone.now()}
    return Run.objects.create(account=agent.account, call=call, moment=Moment.AFTER, **{**defaults, **columns})


@pytest.fixture
def run(published_agent: Agent) -> Iterator[Run]:
    with scope(account=published_agent.account):
        yield make_run(published_agent)


def state_of(run: Run) -> str:
    with scopes_disabled():
        return str(Run.objects.values_list("state", flat=True).get(pk=run.pk))


def test_one_that_is_tried_again_is_queued_once_and_counts_on(run: Run) -> None:
    assert dead.retry(Run.objects.all(), by="Ada") == [run.pk]
    assert dead.retry(Run.objects.all(), by="Ada") == []
    run.refresh_from_db()
    assert (run.state, run.attempt, run.finished_at) == (RunState.QUEUED, 8, None)


def test_those_that_it_stopped_wait_for_it_again(run: Run, published_agent: Agent) -> None:
    Run.objects.filter(pk=run.pk).update(stops_on_failure=True)
    after = {"call": run.call, "position": 1, "attempt": 0, "state": RunState.SKIPPED}
    stopped = make_run(published_agent, **after, error_code=STOPPED, skipped_reason="“mail” …")
    other = make_run(published_agent, **{**after, "position": 2}, error_code="", skipped_reason="No such label.")
    dead.retry(Run.objects.filter(pk=run.pk), by="Ada")
    stopped.refresh_from_db()
    assert (stopped.state, stopped.due_at, stopped.skipped_reason) == (RunState.QUEUED, None, "")
    assert state_of(other) == RunState.SKIPPED


def test_one_that_is_skipped_says_by_whom_and_keeps_its_reason(run: Run) -> None:
    assert dead.skip(Run.objects.all(), by="Ada") == [run.pk]
    run.refresh_from_db()
    assert (run.state, run.skipped_reason, run.error_code) == (RunState.SKIPPED, "Skipped by Ada.", "mail_refused")
    assert dead.skip(Run.objects.all(), by="Ada") == []


# --- in the admin --------------------------------------------------------------------------------------

People = Callable[..., Client]


def test_the_list_says_what_was_given_up_and_why(run: Run, viewer_user: User, client_for: People) -> None:
    page = client_for(viewer_user).get("/admin/calls/deadrun/").content.decode()
    assert "550 no such user" in page
    assert "Try all of this list again" not in page


def test_all_of_the_filtered_list_are_tried_again_and_it_is_on_record(
    run: Run, published_agent: Agent, editor_user: User, client_for: People
) -> None:
    other = make_run(published_agent, kind="webhook", action_name="hook")
    client_for(editor_user).post("/admin/calls/deadrun/retry-all/?kind=email")
    assert (state_of(run), state_of(other)) == (RunState.QUEUED, RunState.DEAD)
    (entry,) = LogEntry.objects.all()
    assert (entry.user, entry.object_id, entry.change_message) == (editor_user, str(run.pk), "Tried again.")


@pytest.mark.parametrize("path", ["deadrun/retry-all/", "deadrun/skip-all/", "run/{pk}/retry/", "run/{pk}/skip/"])
def test_viewers_and_strangers_change_nothing(
    run: Run, viewer_user: User, stranger: User, client_for: People, path: str
) -> None:
    url = f"/admin/calls/{path.format(pk=run.pk)}"
    assert client_for(viewer_user).post(url).status_code == 403
    client_for(stranger).post(url)
    assert state_of(run) == RunState.DEAD


def test_one_is_skipped_from_its_call(run: Run, editor_user: User, client_for: People) -> None:
    assert client_for(editor_user).post(f"/admin/calls/run/{run.pk}/skip/").status_code == 302
    assert state_of(run) == RunState.SKIPPED
    assert LogEntry.objects.get().change_message == "Skipped."


# --- by API -----------------------------------------------------------------------------------------------


def send(key: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return Client().generic(method, f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def test_programs_list_and_retry_by_filter(run: Run, published_agent: Agent, api_key: str) -> None:
    make_run(published_agent, kind="webhook", action_name="hook")
    listed = send(api_key, "GET", "dead-runs?kind=email").json()
    assert [(row["id"], row["error_message"]) for row in listed["results"]] == [(str(run.pk), "550 no such user")]
    assert send(api_key, "POST", "dead-runs/retry", '{"kind": "email"}').json() == {"runs": 1}
    assert state_of(run) == RunState.QUEUED
    assert send(api_key, "POST", "dead-runs/skip", "{}").json() == {"runs": 1}


def test_programs_of_another_account_find_nothing(run: Run, stranger_key: str) -> None:
    assert send(stranger_key, "GET", "dead-runs").json()["results"] == []
    body = f'{{"ids": ["{run.pk}"]}}'
    assert send(stranger_key, "POST", "dead-runs/retry", body).json() == {"runs": 0}
    assert state_of(run) == RunState.DEAD


def test_a_key_without_the_scope_may_not(run: Run, account: Account) -> None:
    assert send(issue_key(account, "config"), "POST", "dead-runs/retry", "{}").status_code == 403


def test_what_a_member_does_by_api_is_in_the_log_of_changes(run: Run, editor_user: User, client_for: People) -> None:
    done = client_for(editor_user).post("/api/v1/dead-runs/skip", "{}", content_type="application/json")
    assert done.json() == {"runs": 1}
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (editor_user, str(run.pk), "Skipped.")


def test_what_a_program_does_is_logged_without_a_person(run: Run, api_key: str) -> None:
    assert send(api_key, "POST", "dead-runs/skip", "{}").json() == {"runs": 1}
    assert not LogEntry.objects.exists()
