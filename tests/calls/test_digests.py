"""Summaries by email: the right days, the right language, and one for each period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django_scopes import scope

from accounts.models import Account, Membership, User
from actions.contract import Moment
from actions.models import Agent, Classifier
from calls.digests import sending
from calls.digests.periods import due_period
from calls.digests.rows import DigestEmail, DigestState
from calls.models import Call, CallState, Run, RunState

MONDAY = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
"""9 in the morning in Paris."""


def test_the_day_before_is_due_from_seven_in_the_accounts_time_zone() -> None:
    six, seven = (dt.datetime(2026, 11, 23, hour, tzinfo=dt.UTC) for hour in (5, 6))
    earlier, now = due_period("daily", "Europe/Paris", six), due_period("daily", "Europe/Paris", seven)
    assert earlier is not None
    assert now is not None
    assert (earlier.begins_on, now.begins_on) == (dt.date(2026, 11, 21), dt.date(2026, 11, 22))
    assert due_period("none", "Europe/Paris", seven) is None


def test_a_week_ends_on_sunday() -> None:
    weekly = due_period("weekly", "Europe/Paris", MONDAY)
    assert weekly is not None
    assert (weekly.begins_on, weekly.last_day) == (dt.date(2026, 11, 16), dt.date(2026, 11, 22))
    sunday = due_period("weekly", "Europe/Paris", MONDAY - dt.timedelta(days=1))
    assert sunday is not None
    assert sunday.begins_on == dt.date(2026, 11, 9)


def test_a_day_is_as_long_as_the_clocks_make_it() -> None:
    autumn = due_period("daily", "Europe/Paris", dt.datetime(2026, 10, 26, 8, tzinfo=dt.UTC))
    assert autumn is not None
    begins, ends = (moment.astimezone(dt.UTC) for moment in (autumn.begins_at, autumn.ends_at))
    assert ends - begins == dt.timedelta(hours=25)


@pytest.fixture
def yesterday(published_agent: Agent, editor_user: User) -> Iterator[Account]:
    """Two calls of Sunday in Paris, one of them classified; one of Saturday; a run given up."""
    agent, account = published_agent, published_agent.account
    with time_machine.travel(MONDAY, tick=False), scope(account=account):
        Membership.objects.filter(user=editor_user).update(digest="daily")
        Classifier.objects.create(agent=agent, name="Motif", is_main=True)
        for hours, label in ((20, "Résiliation"), (32, "Résiliation"), (34, "Devis")):
            call = Call.objects.create(
                account=account,
                agent=agent,
                release=agent.current_release,
                direction="inbound",
                state=CallState.COMPLETED,
                answer_due_at=MONDAY,
                begun_at=MONDAY - dt.timedelta(hours=hours),
                duration_s=60.0,
                classifications={"Motif": label},
            )
        Run.objects.create(
            account=account,
            call=call,
            moment=Moment.AFTER,
            action_name="mail",
            kind="email",
            state=RunState.DEAD,
            created_at=MONDAY - dt.timedelta(hours=20),
        )
        yield account


def test_it_speaks_the_language_of_its_reader_and_counts_the_accounts_day(yesterday: Account) -> None:
    assert sending.send_due() == {"written": 1, "sent": 1}
    (message,) = mail.outbox
    assert message.to == ["emile@lac.example"]
    assert message.subject == "Mutuelle du Lac : appels du 22/11/2026"
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
    for text in (message.body, html):
        assert "Résiliation" in text
        assert "Devis" not in text, "that was on Saturday"
        assert "/admin/calls/deadrun/" in text


def test_an_english_reader_gets_it_in_english(yesterday: Account, editor_user: User) -> None:
    User.objects.filter(pk=editor_user.pk).update(language="en")
    sending.send_due()
    assert mail.outbox[0].subject.startswith("Mutuelle du Lac: calls of ")


def test_it_comes_once_however_often_the_clock_strikes(yesterday: Account) -> None:
    sending.send_due()
    assert sending.send_due() == {"written": 0, "sent": 0}
    assert len(mail.outbox) == 1


def test_nothing_is_sent_of_a_day_without_calls(yesterday: Account) -> None:
    Call.objects.all().delete()
    sending.send_due()
    assert mail.outbox == []
    assert DigestEmail.objects.get().state == DigestState.EMPTY


def test_one_whose_worker_died_is_sent_by_the_next_with_the_same_message_id(yesterday: Account) -> None:
    sending.send_due()
    DigestEmail.objects.update(state=DigestState.QUEUED, claimed_until=MONDAY + dt.timedelta(minutes=5))
    assert sending.send_due()["sent"] == 0
    with time_machine.travel(MONDAY + dt.timedelta(minutes=6), tick=False):
        assert sending.send_due()["sent"] == 1
    first, second = (message.extra_headers["Message-ID"] for message in mail.outbox)
    assert first == second


def test_a_mail_server_that_is_down_is_tried_again(yesterday: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("calls.digests.sending.EmailMultiAlternatives.send", refuse)
        assert sending.send_due()["sent"] == 0
    with time_machine.travel(MONDAY + dt.timedelta(minutes=6), tick=False):
        assert sending.send_due()["sent"] == 1


def test_who_left_or_wants_none_gets_none(yesterday: Account, editor_user: User) -> None:
    User.objects.filter(pk=editor_user.pk).update(is_active=False)
    assert sending.send_due() == {"written": 0, "sent": 0}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="threads need a database server")
def test_two_schedulers_at_once_send_one(yesterday: Account) -> None:
    def strike(_number: int) -> int:
        try:
            return sending.send_due()["sent"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(strike, range(4))) == 1
