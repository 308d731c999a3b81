"""A mail server that takes a message for some of its recipients: nobody gets it twice, nobody is forgotten."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from actions.contract import ActionError, CallContext
from actions.registry import kinds
from notifications.email import ledger
from notifications.kinds.email import EmailParams
from notifications.models import Delivery, DeliveryState, Suppression, SuppressionReason
from tests.notifications.conftest import MailServer

KIND = kinds.get("email")


def run(context: CallContext, **fields: Any) -> Any:
    params = EmailParams(**{"subject": "Call", "to": ("a@lac.example",), "body": "Hello", **fields})
    return async_to_sync(KIND.run)(params, context, {})


def states() -> dict[str, str]:
    return {address: known["state"] for address, known in Delivery.objects.get().recipient_states.items()}


def suppress(context: CallContext, address: str, reason: str = SuppressionReason.BOUNCED) -> None:
    Suppression.objects.create(account_id=context.account_id, address=address, reason=reason)


def test_a_recipient_refused_for_good_is_noted_and_the_others_have_it(
    context: CallContext, mail_server: MailServer
) -> None:
    mail_server.answers["b@lac.example"] = "550 no such user"
    outcome = run(context, cc=("Bob <B@lac.example>", "c@lac.example"), to=("a@lac.example",))
    assert outcome.result["status"] == "sent"
    assert mail_server.envelopes[0].rcpt_tos == ["a@lac.example", "B@lac.example", "c@lac.example"]

    mail_server.envelopes.clear()
    mail_server.answers = {"B@lac.example": "550 no such user"}
    context.run_id = context.call_id
    outcome = run(context, cc=("Bob <B@lac.example>", "c@lac.example"))
    delivery = Delivery.objects.get(run_id=context.run_id)
    assert mail_server.envelopes[0].rcpt_tos == ["a@lac.example", "c@lac.example"]
    assert delivery.state == DeliveryState.SENT
    assert delivery.recipient_states["b@lac.example"] == {"state": "refused", "reason": "550 no such user"}
    assert any("b@lac.example" in warning for warning in context.warnings)


def test_only_those_who_were_put_off_are_tried_again(context: CallContext, mail_server: MailServer) -> None:
    mail_server.answers = {"b@lac.example": "451 try later", "c@lac.example": "550 no such user"}
    fields = {"cc": ("b@lac.example",), "bcc": ("c@lac.example",)}
    with pytest.raises(ActionError) as caught:
        run(context, **fields)
    assert (caught.value.code, caught.value.permanent) == ("mail_deferred", False)
    assert states() == {"a@lac.example": "sent", "b@lac.example": "deferred", "c@lac.example": "refused"}
    assert Delivery.objects.get().state == DeliveryState.FAILED

    mail_server.answers = {}
    run(context, **fields)
    first, second = mail_server.envelopes
    assert (first.rcpt_tos, second.rcpt_tos) == (["a@lac.example"], ["b@lac.example"])
    heads = [(message["Message-ID"], message["To"], message["Cc"]) for message in mail_server.messages]
    assert heads[0] == heads[1]
    assert Delivery.objects.get().state == DeliveryState.SENT
    run(context, **fields)
    assert len(mail_server.envelopes) == 2


def test_all_refused_for_different_reasons_leaves_only_those_who_may_be_taken(
    context: CallContext, mail_server: MailServer
) -> None:
    mail_server.answers = {"a@lac.example": "550 no such user", "b@lac.example": "451 try later"}
    with pytest.raises(ActionError):
        run(context, cc=("b@lac.example",))
    mail_server.answers = {}
    run(context, cc=("b@lac.example",))
    assert [envelope.rcpt_tos for envelope in mail_server.envelopes] == [["b@lac.example"]]
    assert states() == {"a@lac.example": "refused", "b@lac.example": "sent"}


def test_a_suppressed_recipient_is_left_out_with_a_warning(context: CallContext, mail_server: MailServer) -> None:
    suppress(context, "a@lac.example")
    run(context, to=("Ada <A@lac.example>", "b@lac.example"))
    assert mail_server.envelopes[0].rcpt_tos == ["b@lac.example"]
    assert mail_server.messages[0]["To"] == "b@lac.example"
    assert states() == {"a@lac.example": "suppressed", "b@lac.example": "sent"}
    assert any("a@lac.example" in warning for warning in context.warnings)


def test_copies_move_up_where_everybody_in_to_is_suppressed(context: CallContext, mail_server: MailServer) -> None:
    suppress(context, "a@lac.example")
    run(context, cc=("b@lac.example",), bcc=("c@lac.example",))
    assert mail_server.messages[0]["To"] == "b@lac.example"
    assert mail_server.messages[0]["Cc"] is None
    assert mail_server.envelopes[0].rcpt_tos == ["b@lac.example", "c@lac.example"]


def test_with_nobody_left_the_run_is_given_up_with_the_reason(context: CallContext, mail_server: MailServer) -> None:
    suppress(context, "a@lac.example", SuppressionReason.COMPLAINED)
    with pytest.raises(ActionError) as caught:
        run(context)
    assert (caught.value.code, caught.value.permanent) == ("no_recipient_left", True)
    assert "a@lac.example" in caught.value.message
    assert Delivery.objects.get().state == DeliveryState.DEAD
    assert mail_server.envelopes == []


def test_a_suppression_that_is_lifted_counts_no_more(context: CallContext, mail_server: MailServer) -> None:
    suppress(context, "a@lac.example")
    with pytest.raises(ActionError):
        run(context)
    Suppression.objects.all().delete()
    run(context)
    assert len(mail_server.envelopes) == 1
    assert states() == {"a@lac.example": "sent"}


def test_a_message_that_was_given_up_can_be_tried_again(context: CallContext, mail_server: MailServer) -> None:
    mail_server.answers = {"a@lac.example": "550 no such user"}
    for _attempt in range(2):
        with pytest.raises(ActionError) as caught:
            run(context)
        assert caught.value.code == "mail_refused"
    mail_server.answers = {}
    run(context)
    assert len(mail_server.envelopes) == 1
    assert Delivery.objects.get().state == DeliveryState.SENT


def test_what_a_server_says_is_kept_as_a_database_takes_it(
    context: CallContext, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise smtplib.SMTPRecipientsRefused({"a@lac.example": (550, b"no\x00 such \xff user")})

    monkeypatch.setattr(smtplib.SMTP, "sendmail", refuse)
    with pytest.raises(ActionError):
        run(context)
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.DEAD
    assert "\x00" not in delivery.error + delivery.recipient_states["a@lac.example"]["reason"]


def test_a_report_that_comes_while_the_sender_writes_is_not_lost(context: CallContext, mail_server: MailServer) -> None:
    run(context)
    late = Delivery.objects.get()
    Delivery.objects.update(recipient_states={"a@lac.example": {"state": "bounced", "reason": "gone"}})
    ledger.keep(late, done=True, provider_id="x")
    delivery = Delivery.objects.get()
    assert delivery.recipient_states == {"a@lac.example": {"state": "bounced", "reason": "gone"}}
    assert (delivery.state, delivery.provider_id) == (DeliveryState.BOUNCED, "x")
