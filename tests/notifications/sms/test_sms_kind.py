"""A text message: what is published, what goes to the provider, when it waits, and what the agent may ask for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from actions.contract import ActionError, CallContext, Deferred, FreezeError, Moment, Outcome
from actions.models import Agent
from actions.registry import kinds
from actions.releases import load_plan, publish
from notifications.kinds.sms import SmsAction, SmsParams
from notifications.models import Delivery, DeliveryState, OptOut, Receipt, SmsConnection, SmsDetails
from notifications.sms.delivering import MOST_PER_CALL
from outbound.http import session_scope
from outbound.models import AuthProfile
from schedules.models import Schedule
from schedules.weeks import replace_week
from tests.notifications.sms.conftest import MOBILE, SID
from tests.notifications.sms.server import SmsServer

KIND = kinds.get("sms")
MakeContext = Callable[..., CallContext]


def params(connection: SmsConnection, **fields: Any) -> SmsParams:
    return SmsParams(**{"connection_id": connection.pk, "to": "{{ system.phoneE164 }}", "text": "Bonjour", **fields})


def run(
    connection: SmsConnection, context: CallContext, arguments: dict[str, Any] | None = None, **fields: Any
) -> Outcome:
    async def go() -> Outcome:
        async with session_scope():
            return await KIND.run(params(connection, **fields), context, arguments or {})

    return async_to_sync(go)()


def failure(connection: SmsConnection, context: CallContext, **fields: Any) -> ActionError:
    with pytest.raises(ActionError) as caught:
        run(connection, context, **fields)
    return caught.value


@pytest.fixture
def action(agent: Agent, twilio: SmsConnection) -> SmsAction:
    return SmsAction(agent=agent, moment=Moment.AFTER, name="merci", connection=twilio, text="Merci de votre appel.")


def errors_of(action: SmsAction) -> dict[str, list[Any]]:
    with pytest.raises(FreezeError) as caught:
        KIND.freeze(action)
    return caught.value.errors


# --- configuring and publishing -------------------------------------------------------------------


def test_publishing_keeps_what_is_sent_and_refers_to_the_connection(action: SmsAction) -> None:
    action.save()
    plan = load_plan(publish(action.agent).pk)
    planned = next(each for each in plan.actions if each.name == "merci")
    assert planned.params == SmsParams(
        connection_id=action.connection_id, to="{{ system.phoneE164 }}", text="Merci de votre appel."
    )
    assert planned.tool is None


def test_publishing_tells_every_error_at_once(action: SmsAction) -> None:
    action.to, action.text = "112", "{{ oops"
    assert set(errors_of(action)) == {"to", "text"}
    action.to, action.text = "{{ interaction.ANY }}", " "
    assert set(errors_of(action)) == {"to", "text"}


def test_a_literal_text_that_is_too_long_is_said_when_published(action: SmsAction) -> None:
    action.text, action.most_segments = "a" * 161, 1
    KIND.freeze(action)
    action.too_long = "refuse"
    assert "2 segments" in errors_of(action)["text"][0]


def test_names_known_after_the_call_are_not_known_during_it(action: SmsAction) -> None:
    action.text = "{{ interaction.SUMMARY }}"
    KIND.freeze(action)
    action.moment = Moment.DURING
    assert set(errors_of(action)) == {"text"}


def test_another_accounts_connection_cannot_be_used(action: SmsAction, other_account: Account) -> None:
    with scope(account=other_account):
        agent = Agent.objects.create(account=other_account, name="A", slug="a")
    action.agent = agent
    assert set(errors_of(action)) == {"connection"}


@pytest.mark.parametrize(
    "variables",
    [
        {"a": 1},
        ["a"],
        [{"name": "a b"}],
        [{"name": "1a"}],
        [{"name": "système"}],
        [{"name": "system"}],
        [{"name": "phone_number"}],
        [{"name": "a"}, {"name": "a"}],
        [{"name": "a", "description": "x" * 201}],
        [{"name": "a", "default": "x"}],
        [{"name": f"a{n}"} for n in range(11)],
    ],
)
def test_variables_that_cannot_be_declared(action: SmsAction, variables: Any) -> None:
    action.variables = variables
    with pytest.raises(Exception, match="variable"):
        action.full_clean(exclude=["agent"])


# --- after the call -------------------------------------------------------------------------------


def test_it_goes_to_whoever_was_at_the_other_end(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    context = context_of(params={"firstName": "Zoé"})
    outcome = run(twilio, context, text="Merci {{ firstName }}, à bientôt\u202f!")
    (received,) = provider.received
    delivery, details = Delivery.objects.get(), SmsDetails.objects.get()
    assert received.path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    form = received.form()
    assert form == {
        "To": MOBILE,
        "From": "+33199000099",
        "Body": "Merci Zoé, à bientôt !",
        "StatusCallback": f"https://triptyque.example/api/hooks/sms/{twilio.token}?message={context.run_id}",
    }
    assert received.headers["idempotency-key"] == context.idempotency_key
    assert received.headers["authorization"].startswith("Basic ")
    assert outcome.result == {
        "status": "sent",
        "message": "The text message is on its way.",
        "to": MOBILE,
        "segments": 1,
    }
    assert (delivery.state, delivery.attempts, delivery.provider_id) == (DeliveryState.SENT, 1, "SM1")
    assert (delivery.to, delivery.body_text) == ([MOBILE], "Merci Zoé, à bientôt !")
    # à is in the alphabet, ô is not.
    assert (details.encoding, details.segments, details.receipt) == ("unicode", 1, Receipt.NONE)


def test_any_provider_gets_its_own_request(
    operator: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    run(operator, context_of(), text='Dire "oui" \\ {{ 1 + 1 }}\nou non')
    (received,) = provider.received
    hook = received.json()["hook"]
    message = {"to": MOBILE, "from": "MUTUELLE", "text": 'Dire "oui" \\ 2\nou non'}
    assert received.json() == {"messages": [message], "hook": hook}
    assert hook.startswith(f"https://triptyque.example/api/hooks/sms/{operator.token}?message=")
    assert Delivery.objects.get().provider_id == "m-1"


def test_a_retry_sends_the_same_words_under_the_same_key(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    provider.answers = [(503, {"message": "busy"}, {}), (201, {"sid": "SM2"}, {})]
    context = context_of()
    error = failure(twilio, context, text="Premier texte")
    assert (error.code, error.permanent) == ("sms_deferred", False)
    assert "busy" in error.message
    assert Delivery.objects.get().state == DeliveryState.FAILED
    run(twilio, context, text="Another release would say something else")
    first, second = provider.received
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert Delivery.objects.get().state == DeliveryState.SENT
    run(twilio, context)
    assert len(provider.received) == 2


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (404, True), (422, True), (401, False), (403, False), (500, False)]
)
def test_which_answers_are_final(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext, status: int, permanent: bool
) -> None:
    provider.answers = [(status, {"code": 21211, "message": "no\r\nway"}, {})]
    error = failure(twilio, context_of())
    assert error.permanent is permanent
    assert "21211: no way" in error.message
    state = DeliveryState.DEAD if permanent else DeliveryState.FAILED
    assert Delivery.objects.get().state == state


def test_a_provider_that_asks_to_wait_is_left_alone_for_so_long(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    provider.answers = [(429, {"message": "slow down"}, {"Retry-After": "77"})]
    assert failure(twilio, context_of()).retry_after_s == 77


def test_a_provider_that_hangs_up_is_tried_again(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    provider.answers = [None]
    assert not failure(twilio, context_of()).permanent


def test_a_provider_never_reads_our_secret_back_to_us(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    provider.answers = [(400, {"message": "bad token 12345!"}, {})]
    failed = failure(twilio, context_of())
    assert "12345" not in failed.message
    assert "12345" not in Delivery.objects.get().error


def test_statuses_of_a_provider_may_be_declared(
    account: Account, operator: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    operator.settings |= {"permanent_statuses": "503", "retried_statuses": "422, 404"}
    operator.save()
    provider.answers = [(503, {"error": {"message": "never"}}, {}), (404, b"not json", {})]
    assert failure(operator, context_of()).permanent
    assert not failure(operator, context_of()).permanent


def test_a_receipt_that_came_before_the_answer_was_lost_ends_it(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    provider.answers = [None]
    context = context_of()
    failure(twilio, context)
    SmsDetails.objects.update(receipt=Receipt.DELIVERED)
    provider.answers = [(201, {"sid": "SM2"}, {})]
    run(twilio, context)
    assert len(provider.received) == 1


@pytest.mark.parametrize("to", ["{{ params.who }}", "+33 899 12 34 56", "112"])
def test_a_number_that_is_none_fails_for_good(twilio: SmsConnection, context_of: MakeContext, to: str) -> None:
    error = failure(twilio, context_of(params={"who": "anonymous"}), to=to)
    assert (error.code, error.permanent) == ("invalid_recipient", True)
    assert not Delivery.objects.exists()


def test_a_long_text_is_cut_with_a_warning_or_not_sent(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    context = context_of(params={"long": "mot " * 200})
    run(twilio, context, text="{{ long }}", most_segments=2)
    assert SmsDetails.objects.get().segments == 2
    assert provider.received[0].form()["Body"].endswith("...")
    assert "cut" in context.warnings[0]
    error = failure(twilio, context_of(params={"long": "mot " * 200}), text="{{ long }}", too_long="refuse")
    assert (error.code, error.permanent) == ("too_long", True)


@pytest.mark.parametrize("text", ["{{ params.nothing }}", "{{ ' ' }}", "{{ '\\x00\\x07' }}"])
def test_nothing_is_not_sent(twilio: SmsConnection, context_of: MakeContext, text: str) -> None:
    assert failure(twilio, context_of(params={"nothing": ""}), text=text).code == "empty_text"


def test_a_connection_that_is_gone_says_so(twilio: SmsConnection, context_of: MakeContext) -> None:
    twilio.delete()
    twilio.pk = 999_999
    assert failure(twilio, context_of()).code == "no_connection"


def test_another_accounts_connection_is_gone_too(
    twilio: SmsConnection, other_account: Account, context_of: MakeContext
) -> None:
    context = context_of(account_id=other_account.pk)
    with scope(account=other_account):
        assert failure(twilio, context).code == "no_connection"


def test_secrets_that_cannot_be_read_fail_with_a_sentence(
    twilio: SmsConnection, context_of: MakeContext, settings: Any
) -> None:
    from cryptography.fernet import Fernet

    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    assert failure(twilio, context_of()).code == "bad_connection"


def test_secrets_do_not_go_over_plain_http(twilio: SmsConnection, context_of: MakeContext, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = []
    error = failure(twilio, context_of())
    assert error.permanent
    assert Delivery.objects.get().state == DeliveryState.DEAD


# --- who wants none -------------------------------------------------------------------------------


def test_a_number_on_the_list_is_skipped_with_a_reason(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext, account: Account
) -> None:
    OptOut.objects.create(account=account, number="+33 (0)6 39 98 00 01")
    outcome = run(twilio, context_of(), to="06 39 98 00 01")
    assert "opt-out" in outcome.skipped
    assert outcome.result["status"] == "opted_out"
    assert provider.received == []
    assert not Delivery.objects.exists()


def test_another_accounts_list_does_not_count(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext, other_account: Account
) -> None:
    with scope(account=other_account):
        OptOut.objects.create(account=other_account, number=MOBILE)
    run(twilio, context_of())
    assert len(provider.received) == 1


def test_who_opts_out_between_two_attempts_gets_nothing(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext, account: Account
) -> None:
    provider.answers = [(503, {}, {})]
    context = context_of()
    failure(twilio, context)
    OptOut.objects.create(account=account, number=MOBILE)
    assert run(twilio, context).skipped
    assert len(provider.received) == 1
    assert Delivery.objects.get().state == DeliveryState.DEAD


def test_the_providers_own_list_becomes_ours(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    provider.answers = [(400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"}, {})]
    assert run(twilio, context_of()).skipped
    optout = OptOut.objects.get()
    assert (optout.number, optout.source) == (MOBILE, "provider")
    assert run(twilio, context_of()).skipped
    assert len(provider.received) == 1


# --- quiet hours ----------------------------------------------------------------------------------


@pytest.fixture
def hours(account: Account) -> Iterator[Callable[..., Schedule]]:
    """Makes a schedule that is open on the days that are so many days from today."""

    def make(*days_from_now: int) -> Schedule:
        schedule = Schedule.objects.create(account=account, name=f"H{Schedule.objects.count()}", time_zone="UTC")
        today = timezone.now().astimezone(dt.UTC).weekday()
        days = sorted({(today + each) % 7 for each in days_from_now})
        if days:
            replace_week(schedule, [{"days": days, "from": "00:00", "to": "00:00"}])
        return schedule

    return make  # type: ignore[return-value]


def test_outside_its_hours_a_message_waits_until_they_begin(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext, hours: Callable[..., Schedule]
) -> None:
    schedule = hours(3)
    context = context_of()
    with pytest.raises(Deferred) as caught:
        run(twilio, context, schedule_id=schedule.pk)
    until = caught.value.until
    assert dt.timedelta(days=1) < until - timezone.now() <= dt.timedelta(days=3)
    assert "not sent at this hour" in caught.value.reason
    assert provider.received == []
    assert (Delivery.objects.get().state, SmsDetails.objects.get().waits_until) == (DeliveryState.QUEUED, until)
    replace_week(schedule, [{"days": list(range(7)), "from": "00:00", "to": "00:00"}])
    run(twilio, context, schedule_id=schedule.pk)
    assert (Delivery.objects.get().state, SmsDetails.objects.get().waits_until) == (DeliveryState.SENT, None)


def test_inside_its_hours_it_goes_out(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext, hours: Callable[..., Schedule]
) -> None:
    run(twilio, context_of(), schedule_id=hours(*range(7)).pk)
    assert len(provider.received) == 1


def test_hours_that_never_begin_or_are_gone_end_it(
    twilio: SmsConnection, context_of: MakeContext, hours: Callable[..., Schedule]
) -> None:
    never = hours()
    assert failure(twilio, context_of(), schedule_id=never.pk).code == "never_open"
    assert failure(twilio, context_of(), schedule_id=999_999).code == "no_schedule"


def test_during_the_call_the_agent_is_told_that_it_is_too_late(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext, hours: Callable[..., Schedule]
) -> None:
    outcome = run(twilio, context_of(Moment.DURING), schedule_id=hours(3).pk)
    assert outcome.result["status"] == "closed"
    assert "another way" in outcome.result["message"]
    assert outcome.skipped
    assert provider.received == []
    assert not Delivery.objects.exists()


# --- during the call ------------------------------------------------------------------------------


def test_the_model_fills_in_declared_variables_and_nothing_else(action: SmsAction) -> None:
    action.moment = Moment.DURING
    action.text = "Rendez-vous : {{ address }}"
    action.variables = [{"name": "address", "description": "Adresse de l’agence"}]
    frozen = KIND.freeze(action)
    assert KIND.arguments_schema(frozen, "fr") == {
        "type": "object",
        "properties": {"address": {"type": "string", "maxLength": 500, "description": "Adresse de l’agence"}},
        "required": ["address"],
        "additionalProperties": False,
    }
    action.model_gives_number = True
    schema = KIND.arguments_schema(KIND.freeze(action), "en")
    assert list(schema["properties"]) == ["phone_number", "address"]


def test_after_the_call_there_is_nobody_to_fill_anything_in(action: SmsAction) -> None:
    action.variables, action.model_gives_number = [{"name": "address"}], True
    frozen = KIND.freeze(action)
    assert (frozen.variables, frozen.model_gives_number) == ((), False)


def test_the_address_goes_to_the_callers_telephone(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    context = context_of(Moment.DURING)
    arguments = {"address": "1 rue du Lac", "phone_number": "+33639980099"}
    outcome = run(twilio, context, arguments, text="{{ address }}", variables=[{"name": "address"}])
    assert provider.received[0].form()["To"] == MOBILE
    assert provider.received[0].form()["Body"] == "1 rue du Lac"
    assert outcome.result["status"] == "sent"
    assert outcome.progress["status"] == "sent"


def test_the_model_names_the_number_where_the_editor_lets_it(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    run(twilio, context_of(Moment.DURING), {"phone_number": "06 39 98 00 99"}, model_gives_number=True)
    assert provider.received[0].form()["To"] == "+33639980099"
    error = failure(twilio, context_of(Moment.DURING), model_gives_number=True)
    assert error.code == "invalid_recipient"


def test_the_same_message_is_sent_once_in_a_call(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    first = run(twilio, context_of(Moment.DURING))
    again = run(twilio, context_of(Moment.DURING, earlier=(first.progress,)))
    assert again.result["status"] == "already_sent"
    assert len(provider.received) == 1
    other = run(twilio, context_of(Moment.DURING, earlier=(first.progress,)), text="Autre chose")
    assert other.result["status"] == "sent"


def test_a_model_that_goes_round_in_circles_is_stopped(twilio: SmsConnection, context_of: MakeContext) -> None:
    earlier = tuple({"status": "sent", "digest": str(n)} for n in range(MOST_PER_CALL))
    error = failure(twilio, context_of(Moment.DURING, earlier=earlier))
    assert error.code == "too_many"
    assert error.spoken


def test_what_was_pressed_in_secret_is_sent_and_not_kept(
    twilio: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    context = context_of(Moment.DURING, params={"pin": "4711"}, secrets=("4711",))
    run(twilio, context, text="Votre code : {{ params.pin }}")
    assert "4711" in provider.received[0].form()["Body"]
    assert "4711" not in Delivery.objects.get().body_text


def test_an_auth_profile_proves_who_is_asking(
    operator: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    profile = AuthProfile(account=operator.account, name="sms-key", kind="bearer", hosts=[])
    profile.enter_secrets({"token": "k3y"})
    profile.save()
    operator.auth_profile = profile
    operator.save()
    run(operator, context_of())
    assert provider.received[0].headers["authorization"] == "Bearer k3y"


def test_a_form_and_an_address_carry_the_same_fields(
    operator: SmsConnection, provider: SmsServer, context_of: MakeContext
) -> None:
    flat = {"to": "{{ to | replace('+', '') }}", "text": "{{ text }}", "flash": False}
    operator.settings |= {"format": "form", "body": flat}
    operator.save()
    run(operator, context_of(), text="été & co")
    operator.settings |= {"method": "GET"}
    operator.save()
    run(operator, context_of(), text="été & co")
    form, address = provider.received
    wanted = {"to": MOBILE[1:], "text": "été & co", "flash": "false"}
    assert form.form() == wanted
    assert address.method == "GET"
    assert {name: values[0] for name, values in parse_qs(address.path.partition("?")[2]).items()} == wanted
