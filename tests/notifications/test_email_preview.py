"""The preview of an email with a past call, the test to oneself, and who may do what there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from actions.models import Classifier, Label
from calls.models import Call, CallState
from notifications.kinds.email import EmailAction
from notifications.models import Delivery, DeliveryState, Suppression, SuppressionReason
from tests.notifications.conftest import MailServer, html_of

EVIL = "<script>alert(1)</script>\"'>"


@pytest.fixture
def past(call: Call) -> Call:
    call.state = CallState.COMPLETED
    call.from_number, call.summary, call.duration_s = "+33639980001", f"Veut résilier {EVIL}", 75
    call.transcript = [{"role": "caller", "text": "Je veux résilier."}]
    call.classifications = {"Motif": "résiliation"}
    call.parameters = {"email": "zoe@lac.example"}
    call.save()
    return call


@pytest.fixture
def page(email_action: EmailAction) -> str:
    return f"/admin/notifications/emailaction/{email_action.pk}/preview/"


def condition(email_action: EmailAction, name: str) -> None:
    classifier = Classifier.objects.get_or_create(agent=email_action.agent, name="Motif")[0]
    email_action.labels.add(Label.objects.create(classifier=classifier, name=name))


def shown(client: Client, page: str, **query: Any) -> str:
    answer = client.get(page, query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def editor(cast: SimpleNamespace, client_for: Callable[..., Client]) -> Client:
    return client_for(cast.editor)


def test_the_button_of_the_form_leads_there(editor: Client, email_action: EmailAction, page: str, past: Call) -> None:
    answer = editor.get(f"/admin/notifications/emailaction/{email_action.pk}/preview", follow=True)
    assert answer.redirect_chain[-1][0] == page


def test_it_shows_the_email_after_the_latest_call(
    editor: Client, email_action: EmailAction, page: str, past: Call
) -> None:
    email_action.to, email_action.subject = "{{ params.email }}", "Appel de {{ interaction.ANI }}"
    email_action.save()
    content = shown(editor, page)
    for words in ("zoe@lac.example", "Appel de +33639980001", "the email is sent", "sandbox srcdoc=", "Appel entrant"):
        assert words in content
    assert "<script>alert" not in content
    assert not Delivery.objects.exists()


def test_it_says_when_the_condition_does_not_hold(
    editor: Client, email_action: EmailAction, page: str, past: Call
) -> None:
    condition(email_action, "question")
    content = shown(editor, page)
    assert "nothing is sent" in content
    assert "“Motif” is question" in content
    condition(email_action, "résiliation")
    assert "the email is sent" in shown(editor, page)


def test_it_says_what_is_wrong(editor: Client, email_action: EmailAction, page: str, past: Call) -> None:
    EmailAction.objects.filter(pk=email_action.pk).update(to="nobody", cc="{{ unknown }}", subject="{{ oops")
    content = shown(editor, page)
    assert "nobody" in content
    assert "Send a test" not in content
    EmailAction.objects.filter(pk=email_action.pk).update(to="{{ params.none }}", cc="", subject="x")
    assert "gave no address" in shown(editor, page)


def test_it_warns_of_unknown_variables_and_suppressed_addresses(
    editor: Client, email_action: EmailAction, page: str, past: Call
) -> None:
    email_action.subject = "x {{ params.nothing }}"
    email_action.save()
    Suppression.objects.create(
        account_id=past.account_id, address="equipe@lac.example", reason=SuppressionReason.BOUNCED
    )
    content = shown(editor, page)
    assert "params.nothing" in content
    assert "equipe@lac.example is on the list" in content


def test_without_a_call_it_says_so(editor: Client, page: str) -> None:
    assert "no call yet" in shown(editor, page)


@pytest.mark.parametrize("asked", ["x", "00000000-0000-0000-0000-000000000000", "../1", "' or 1=1"])
def test_a_call_that_does_not_exist_is_not_found(editor: Client, page: str, past: Call, asked: str) -> None:
    assert editor.get(page, {"call": asked}).status_code == 404
    assert editor.post(f"{page}?call={asked}").status_code in {400, 404}


def test_a_call_that_has_not_ended_is_not_found(editor: Client, page: str, call: Call) -> None:
    assert editor.get(page, {"call": str(call.pk)}).status_code == 404


def test_a_test_goes_to_who_asks_and_nobody_else(
    editor: Client, email_action: EmailAction, page: str, past: Call, mail_server: MailServer
) -> None:
    email_action.cc, email_action.attachment, email_action.language = "boss@lac.example", "pdf", "fr"
    email_action.save()
    condition(email_action, "question")
    answer = editor.post(f"{page}?call={past.pk}", {"to": "evil@x.example"}, follow=True)
    assert "The test was sent to emile@lac.example" in answer.content.decode()
    (message,), (envelope,) = mail_server.messages, mail_server.envelopes
    assert envelope.rcpt_tos == ["emile@lac.example"]
    assert (message["To"], message["Cc"], message["Subject"]) == ("emile@lac.example", None, "[Test] Appel")
    assert "Appel entrant" in html_of(message)
    assert len(list(message.iter_attachments())) == 1
    delivery = Delivery.objects.get()
    assert (delivery.is_test, delivery.run_id, delivery.call_id) == (True, None, past.pk)
    assert delivery.state == DeliveryState.SENT


def test_two_tests_are_two_messages(editor: Client, page: str, past: Call, mail_server: MailServer) -> None:
    for _time in range(2):
        editor.post(f"{page}?call={past.pk}")
    first, second = (message["Message-ID"] for message in mail_server.messages)
    assert first != second


def test_a_test_that_fails_says_why(editor: Client, page: str, past: Call, mail_server: MailServer) -> None:
    mail_server.answers["emile@lac.example"] = "550 no such user"
    content = editor.post(f"{page}?call={past.pk}", follow=True).content.decode()
    assert "550 no such user" in content
    assert Delivery.objects.get().state == DeliveryState.DEAD


def test_a_viewer_looks_and_sends_nothing(
    cast: SimpleNamespace, client_for: Callable[..., Client], page: str, past: Call, mail_server: MailServer
) -> None:
    viewer = client_for(cast.viewer)
    assert "Send a test" not in shown(viewer, page)
    assert viewer.post(f"{page}?call={past.pk}").status_code == 403
    assert mail_server.messages == []


def test_another_accounts_action_and_calls_are_not_found(
    cast: SimpleNamespace, client_for: Callable[..., Client], page: str, past: Call
) -> None:
    stranger = client_for(cast.stranger)
    assert stranger.get(page).status_code == 404
    assert stranger.post(f"{page}?call={past.pk}").status_code == 404


def test_only_an_administrator_lifts_a_suppression(
    cast: SimpleNamespace, client_for: Callable[..., Client], call: Call
) -> None:
    row = Suppression.objects.create(account_id=call.account_id, address="a@x.fr", reason=SuppressionReason.BOUNCED)
    page = f"/admin/notifications/suppression/{row.pk}/"
    for user in (cast.viewer, cast.editor):
        assert client_for(user).get(f"{page}change/").status_code == 200
        assert client_for(user).post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert client_for(cast.stranger).get(f"{page}change/").status_code in {302, 404}
    admin = client_for(cast.admin)
    assert admin.get("/admin/notifications/suppression/add/").status_code == 403
    assert admin.post(f"{page}change/", {"address": "b@x.fr"}).status_code == 403
    assert admin.post(f"{page}delete/", {"post": "yes"}).status_code == 302
    with scope(account=call.account):
        assert not Suppression.objects.exists()


def test_the_deliveries_of_a_call_are_in_the_api(
    email_action: EmailAction, past: Call, api_key: str, stranger_key: str
) -> None:
    Delivery.objects.create(
        account_id=past.account_id,
        call=past,
        channel="email",
        to=["a@x.fr"],
        subject="S",
        state="bounced",
        recipient_states={"a@x.fr": {"state": "bounced", "reason": "no such user"}},
    )

    def ask(key: str, call_id: object) -> Any:
        return Client().get(f"/api/v1/calls/{call_id}/deliveries", headers={"Authorization": f"Bearer {key}"})

    (found,) = ask(api_key, past.pk).json()["results"]
    assert (found["channel"], found["state"], found["to"], found["subject"]) == ("email", "bounced", ["a@x.fr"], "S")
    assert found["recipients"] == [{"address": "a@x.fr", "state": "bounced", "reason": "no such user"}]
    assert ask(stranger_key, past.pk).status_code == 404
    assert ask(api_key, "00000000-0000-0000-0000-000000000000").status_code == 404


def test_deliveries_are_found_by_recipient_channel_and_state(
    editor: Client, email_action: EmailAction, past: Call
) -> None:
    common = {"account_id": past.account_id, "call": past}
    Delivery.objects.create(**common, channel="email", cc=["Zoé <zoe@lac.example>"], subject="Premier", state="bounced")
    Delivery.objects.create(**common, channel="sms", to=["+33639980009"], body_text="Deuxième", state="sent")
    address = "/admin/notifications/delivery/"
    for query, found, other in (
        ({"q": "ZOE@lac"}, "Premier", "Deuxième"),
        ({"q": "39980009"}, "Deuxième", "Premier"),
        ({"channel__exact": "sms"}, "Deuxième", "Premier"),
        ({"state__exact": "bounced"}, "Premier", "Deuxième"),
    ):
        content = shown(editor, address, **query)
        assert found in content
        assert other not in content


def test_a_delivery_shows_formatted_mail_where_nothing_can_run(editor: Client, past: Call) -> None:
    markup = "<script>alert(1)</script><p>Bonjour</p>"
    row = Delivery.objects.create(
        account_id=past.account_id, channel="email", to=["a@x.fr"], subject="S", body_text="T", body_html=markup
    )
    content = shown(editor, f"/admin/notifications/delivery/{row.pk}/change/")
    assert 'sandbox srcdoc="&lt;script&gt;alert(1)' in content
    assert "<script>alert" not in content
