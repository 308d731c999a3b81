"""The email after the call: what is published, to whom it goes, what happens when the mail server does not play."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, transaction
from django_scopes import scope

from accounts.models import Account
from actions.contract import ActionError, CallContext, Deadline, FreezeError, Moment, Outcome
from actions.registry import kinds
from actions.releases import PlannedAction, load_plan, publish
from calls.models import Call
from calls.runner import run_action
from notifications.email import reader
from notifications.email.defaults import default_body, default_html
from notifications.kinds.email import EmailAction, EmailParams
from notifications.models import Delivery, DeliveryState
from tests.notifications.conftest import MailServer, html_of, text_of

KIND = kinds.get("email")
MakeContext = Callable[..., CallContext]


def params(**fields: Any) -> EmailParams:
    return EmailParams(**{"subject": "Call", "to": ("team@lac.example",), "body": "Hello", **fields})


def run(context: CallContext, **fields: Any) -> Outcome:
    return async_to_sync(KIND.run)(params(**fields), context, {})


def failure(context: CallContext, **fields: Any) -> ActionError:
    with pytest.raises(ActionError) as caught:
        run(context, **fields)
    return caught.value


def errors_of(action: EmailAction) -> dict[str, list[Any]]:
    with pytest.raises(FreezeError) as caught:
        KIND.freeze(action)
    return caught.value.errors


# --- configuring and publishing -------------------------------------------------------------------


def test_publishing_keeps_entries_and_the_default_text(email_action: EmailAction) -> None:
    agent = email_action.agent
    email_action.to = "a@lac.example; {{ params.email }}\nBob <b@lac.example>"
    email_action.save()
    plan = load_plan(publish(agent).pk)
    action = next(action for action in plan.actions if action.name == "report")
    assert action.params == EmailParams(
        subject="Appel",
        to=("a@lac.example", "{{ params.email }}", "Bob <b@lac.example>"),
        body=default_body("fr"),
        html=default_html("fr"),
        framed=True,
    )


def test_publishing_tells_every_error_at_once(email_action: EmailAction) -> None:
    email_action.subject = "{{ oops"
    email_action.to = "nobody, b@lac.example"
    email_action.cc = "{{ system.mail }}"
    email_action.bcc = "Bob b@lac.example"
    email_action.body = "{{ interaction.SUMMRY }}"
    assert set(errors_of(email_action)) == {"subject", "to", "cc", "bcc", "body"}


@pytest.mark.parametrize(("field", "value"), [("subject", " "), ("subject", "a\nb"), ("to", " ;, \n")])
def test_subject_and_recipient_are_needed(email_action: EmailAction, field: str, value: str) -> None:
    setattr(email_action, field, value)
    assert set(errors_of(email_action)) == {field}


def test_an_email_does_not_go_to_a_crowd(email_action: EmailAction) -> None:
    email_action.to = ", ".join(f"a{n}@lac.example" for n in range(51))
    assert "50" in errors_of(email_action)["to"][0]


def test_names_known_only_after_the_call_are_good_here(email_action: EmailAction) -> None:
    email_action.subject = "{{ interaction.DISPOSITION }} {{ interaction.SUMMARY | truncate(60) }} {{ anyVariable }}"
    email_action.full_clean()
    KIND.freeze(email_action)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_default_text_can_be_published(email_action: EmailAction, language: str) -> None:
    email_action.body = default_body(language)
    KIND.freeze(email_action)


# --- sending --------------------------------------------------------------------------------------


def test_it_is_really_delivered(context: CallContext, mail_server: MailServer) -> None:
    outcome = run(
        context,
        subject="{{ interaction.DISPOSITION }}: {{ interaction.ANI }}",
        cc=("Élodie Martin <elodie@lac.example>",),
        bcc=("archive@lac.example",),
        body="Résumé : {{ interaction.SUMMARY }}",
    )
    (message,), (envelope,) = mail_server.messages, mail_server.envelopes
    delivery = Delivery.objects.get()
    assert message["Subject"] == "cancellation: +33639980001"
    assert message["To"] == "team@lac.example"
    assert message["Cc"].addresses[0].display_name == "Élodie Martin"
    assert message["Bcc"] is None
    assert envelope.rcpt_tos == ["team@lac.example", "elodie@lac.example", "archive@lac.example"]
    assert text_of(message).strip() == "Résumé : Wants to cancel."
    assert message["Message-ID"] == delivery.message_id
    assert delivery.message_id.endswith("@lac.example>")
    assert message["X-Triptyque-Call"] == str(context.call_id)
    assert message["X-Triptyque-Idempotency-Key"] == context.idempotency_key
    assert (delivery.state, delivery.attempts, delivery.error) == (DeliveryState.SENT, 1, "")
    assert delivery.sent_at is not None
    assert (delivery.call_id, delivery.run_id, delivery.account_id) == (
        context.call_id,
        context.run_id,
        context.account_id,
    )
    assert outcome.result["status"] == "sent"
    assert outcome.result["message_id"] == delivery.message_id


def test_a_repeated_run_sends_nothing_again(context: CallContext, mail_server: MailServer) -> None:
    assert run(context).result == run(context).result
    assert len(mail_server.messages) == 1
    assert Delivery.objects.get().attempts == 1


def test_each_run_sends_its_own_message(context_with: MakeContext, mail_server: MailServer) -> None:
    run(context_with())
    run(context_with())
    first, second = (message["Message-ID"] for message in mail_server.messages)
    assert first != second


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_default_text_tells_the_call(context_with: MakeContext, mail_server: MailServer, language: str) -> None:
    context = context_with({"customer": {"tier": "gold"}, "email": None, "n": 3})
    run(context, body=default_body(language), html=default_html(language), framed=True, language=language)
    text = text_of(mail_server.messages[0])
    for fact in (
        "Wants to cancel.",
        "+33639980001",
        "+33199000001",
        "1 min 01 s",
        "cancellation",
        "calm",
        "I want to cancel.",
    ):
        assert fact in text
    assert '{"tier": "gold"}' in text
    assert "{&quot;tier&quot;: &quot;gold&quot;}" in html_of(mail_server.messages[0])
    assert context.warnings == []
    assert "\n\n\n" not in text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_default_text_copes_with_a_call_of_which_nothing_is_known(
    context_with: MakeContext, mail_server: MailServer, language: str
) -> None:
    nothing = dict.fromkeys(("ANI", "DNIS", "SUMMARY", "TRANSCRIPT", "DISPOSITION"), "")
    context = context_with(DURATION=None, CLASSIFICATIONS={}, **nothing)
    run(context, body=default_body(language), html=default_html(language), framed=True, language=language)
    assert context.warnings == []
    assert "None" not in text_of(mail_server.messages[0])


def test_a_very_long_transcript_is_sent_whole(context_with: MakeContext, mail_server: MailServer) -> None:
    transcript = "caller: déjà vu\n" * 40_000
    run(context_with(TRANSCRIPT=transcript), body=default_body("en"))
    assert text_of(mail_server.messages[0]).count("déjà vu") == 40_000


@pytest.mark.parametrize("body", [{"body": "", "html": "<p>{{ reader.transcript }}</p><!--conversation-->"}, {}])
def test_a_transcript_without_end_is_cut_and_the_email_sent(
    context_with: MakeContext, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    monkeypatch.setattr(reader, "MOST_TRANSCRIPT", 16_000)
    context = context_with(TRANSCRIPT="caller: déjà vu\n" * 400_000)
    run(context, **(body or {"body": default_body("en"), "html": default_html("en"), "framed": True}), language="en")
    sent = mail_server.messages[0]
    assert 1000 <= html_of(sent).count("déjà vu") <= 2000
    assert "[The rest of the transcript is on the page of the call.]" in text_of(sent)


# --- recipients and subject that come from variables ------------------------------------------------


def test_a_variable_may_hold_several_addresses(context_with: MakeContext, mail_server: MailServer) -> None:
    context = context_with({"team": "a@lac.example, B@lac.example;", "boss": "b@lac.example"})
    run(context, to=("{{ team }}",), cc=("{{ boss }}", "c@lac.example"))
    assert mail_server.envelopes[0].rcpt_tos == ["a@lac.example", "B@lac.example", "c@lac.example"]


@pytest.mark.parametrize(
    "evil",
    ["a@lac.example\r\nBcc: evil@x.fr", "a@lac.example\nb@x.fr", "nobody", "a@lac.example, b b@x.fr", "x\x00@x.fr"],
)
def test_a_recipient_that_is_no_address_is_refused_for_good(
    context_with: MakeContext, mail_server: MailServer, evil: str
) -> None:
    error = failure(context_with({"who": evil}), cc=("{{ who }}",))
    assert (error.code, error.permanent) == ("invalid_recipient", True)
    assert mail_server.messages == []
    assert not Delivery.objects.exists()


def test_a_variable_cannot_turn_an_email_into_a_mailing(context_with: MakeContext, mail_server: MailServer) -> None:
    crowd = ",".join(f"a{n}@x.fr" for n in range(51))
    assert failure(context_with({"who": crowd}), cc=("{{ who }}",)).code == "invalid_recipient"
    error = failure(context_with({"who": crowd * 20}), cc=("{{ who }}",))
    assert (error.permanent, error.message) == (True, "An email goes to 50 recipients at most.")
    assert mail_server.messages == []


@pytest.mark.parametrize("who", ["", None])
def test_an_email_to_nobody_is_refused_for_good(
    context_with: MakeContext, mail_server: MailServer, who: str | None
) -> None:
    error = failure(context_with({"who": who}), to=("{{ who }}",), cc=("c@lac.example",))
    assert (error.code, error.permanent) == ("invalid_recipient", True)


@pytest.mark.parametrize("evil", ["a\r\nBcc: evil@x.fr", "a\nb", "a\rb", "a\x00b", "a\u2028b", "a\ud800b"])
def test_a_subject_cannot_bring_another_header(context_with: MakeContext, mail_server: MailServer, evil: str) -> None:
    run(context_with({"what": evil}), subject="Call: {{ what }}")
    (message,) = mail_server.messages
    first, last = evil[0], evil.split()[-1][-1]
    assert message["subject"].startswith(f"Call: {first}")
    assert message["bcc"] is None
    assert last in message["subject"]


def test_an_empty_subject_is_the_name_of_the_action_and_a_long_one_is_cut(
    context_with: MakeContext, mail_server: MailServer
) -> None:
    run(context_with({"what": ""}), subject="{{ what }}")
    run(context_with({"what": "word " * 200}), subject="{{ what }}")
    # Python folds a long encoded header before its first word, and reads the fold back as a space.
    subjects = [message["Subject"].strip() for message in mail_server.messages]
    assert subjects == ["report", ("word " * 200)[:249] + "…"]


def test_an_unknown_variable_is_a_warning_on_the_run(context: CallContext, mail_server: MailServer) -> None:
    run(context, body="Dear {{ customerName }}")
    assert "customerName" in context.warnings[0]


def test_a_template_that_cannot_be_computed_fails_for_good(context_with: MakeContext, mail_server: MailServer) -> None:
    assert failure(context_with({"n": 0}), body="{{ 1 / n }}").permanent


def test_characters_that_no_database_takes_are_dropped_from_the_text(
    context_with: MakeContext, mail_server: MailServer
) -> None:
    run(context_with(TRANSCRIPT="a\x00b\x08\ud800c\td"), body="{{ interaction.TRANSCRIPT }}")
    assert Delivery.objects.get().body_text == "abc\td"


# --- a mail server that does not play ---------------------------------------------------------------


def test_a_server_that_is_down_is_tried_again(context: CallContext, mail_port: int) -> None:
    error = failure(context)
    delivery = Delivery.objects.get()
    assert (error.code, error.permanent) == ("mail_server_unavailable", False)
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 1)
    assert delivery.error == error.message


def test_the_retry_sends_the_same_message(context: CallContext, mail_port: int, request: pytest.FixtureRequest) -> None:
    failure(context)
    before = Delivery.objects.get()
    server = request.getfixturevalue("mail_server")
    run(context, subject="Another release would say something else")
    delivery = Delivery.objects.get()
    assert server.messages[0]["Message-ID"] == before.message_id == delivery.message_id
    assert server.messages[0]["Subject"] == "Call"
    assert (delivery.state, delivery.attempts, delivery.error) == (DeliveryState.SENT, 2, "")


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [("550 no such user", "mail_refused", True), ("451 try later", "mail_deferred", False)],
)
def test_refused_recipients(
    context: CallContext, mail_server: MailServer, answer: str, code: str, permanent: bool
) -> None:
    mail_server.answers["team@lac.example"] = answer
    error = failure(context)
    assert (error.code, error.permanent) == (code, permanent)
    assert answer in error.message
    assert Delivery.objects.get().state == (DeliveryState.DEAD if permanent else DeliveryState.FAILED)


def test_it_is_tried_again_while_one_recipient_may_still_be_taken(
    context: CallContext, mail_server: MailServer
) -> None:
    mail_server.answers = {"team@lac.example": "550 no such user", "b@lac.example": "451 try later"}
    assert not failure(context, cc=("b@lac.example",)).permanent


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [
        ("554 looks like spam", "mail_refused", True),
        ("552 too big", "mail_refused", True),
        ("452 disk full", "mail_deferred", False),
        ("530 authentication required", "mail_deferred", False),
    ],
)
def test_a_refused_message(
    context: CallContext, mail_server: MailServer, answer: str, code: str, permanent: bool
) -> None:
    mail_server.data_answer = answer
    error = failure(context)
    assert (error.code, error.permanent) == (code, permanent)
    assert mail_server.messages == []


def test_a_server_that_says_nothing_is_given_up_after_the_time_limit(
    context: CallContext, mail_port: int, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    with socket.create_server(("127.0.0.1", mail_port)):
        assert failure(context).code == "mail_server_unavailable"


def test_a_server_that_drops_the_connection_is_tried_again(
    context: CallContext, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drop(*args: Any, **options: Any) -> None:
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(smtplib.SMTP, "data", drop)
    assert failure(context).code == "mail_server_unavailable"


def test_an_email_that_outlives_the_runs_deadline_is_noted_and_not_sent_again(
    context: CallContext, mail_server: MailServer
) -> None:
    mail_server.delay_s = 0.4
    action = PlannedAction(
        name="report", kind=KIND, moment=Moment.AFTER, description="", params=params(), tool=None, arguments=None
    )
    report = async_to_sync(run_action)(action, replace(context, deadline=Deadline.after(0.1)), {})
    assert report.error_code == "timed_out"
    assert Delivery.objects.get().state == DeliveryState.SENT
    run(context)
    assert len(mail_server.messages) == 1


class BrokenBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Any) -> int:
        raise RuntimeError("a bug of ours")


def test_a_bug_is_no_answer_of_the_mail_server_but_the_row_tells_it(context: CallContext, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    with pytest.raises(RuntimeError):
        run(context)
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.FAILED
    assert "a bug of ours" in delivery.error


# --- the record -----------------------------------------------------------------------------------


def test_a_run_has_one_delivery_per_channel(context: CallContext, call: Call, mail_server: MailServer) -> None:
    run(context)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(account_id=call.account_id, call=call, run_id=context.run_id, channel="email")


def test_deliveries_are_another_accounts_business(
    context: CallContext, mail_server: MailServer, other_account: Account
) -> None:
    run(context)
    with scope(account=other_account):
        assert not Delivery.objects.exists()
