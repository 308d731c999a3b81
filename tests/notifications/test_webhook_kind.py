"""A webhook action: one signed request, again until it is taken, and nothing of a caller's words becomes a header."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope
from standardwebhooks import Webhook

from accounts.models import Account
from actions.contract import ActionError, CallContext, FreezeError, Moment, Outcome
from actions.models import Agent
from actions.registry import kinds
from notifications.kinds.webhook import WebhookAction, WebhookParams
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookState, WebhookSubscription
from outbound.circuits import forget_circuits
from outbound.http import session_scope
from outbound.models import AuthProfile
from tests.notifications.webhook_cast import status, thanks
from tests.outbound.upstream import Handler, Received, serve

KIND = kinds.get("webhook")


@pytest.fixture(autouse=True)
def _on_loopback(settings: Any) -> Iterator[None]:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    forget_circuits()
    yield
    forget_circuits()


@pytest.fixture
def action(agent: Agent) -> Iterator[WebhookAction]:
    with scope(account=agent.account):
        yield WebhookAction.objects.create(
            agent=agent, moment=Moment.AFTER, name="tell_crm", url="https://crm.example/calls"
        )


def frozen(action: WebhookAction, **changes: Any) -> WebhookParams:
    for name, value in changes.items():
        setattr(action, name, value)
    params: WebhookParams = KIND.freeze(action)
    return params


def errors_of(action: WebhookAction, **changes: Any) -> dict[str, list[str]]:
    with pytest.raises(FreezeError) as refused:
        frozen(action, **changes)
    return {name: [str(text) for text in texts] for name, texts in refused.value.errors.items()}


def run(params: WebhookParams, context: CallContext, handler: Handler = thanks) -> tuple[list[Received], Outcome]:
    async def work() -> tuple[list[Received], Outcome]:
        async with session_scope(), serve(handler) as upstream:
            to_it = params.model_copy(update={"url": upstream.url("/calls")})
            try:
                outcome = await KIND.run(to_it, context, {})
            except ActionError as error:
                error.requests = upstream.requests  # type: ignore[attr-defined]
                raise
            return upstream.requests, outcome

    return async_to_sync(work)()


def test_it_sends_the_call_as_the_api_shows_it(action: WebhookAction, context: CallContext) -> None:
    (request,), outcome = run(frozen(action), context)
    body = json.loads(request.body)
    assert (body["type"], body["data"]["id"]) == ("call.completed", str(context.call_id))
    assert request.headers["idempotency-key"] == context.idempotency_key
    delivery = WebhookDelivery.objects.get()
    assert request.headers["webhook-id"] == delivery.message_id == outcome.result["webhook_id"]
    assert (delivery.state, delivery.run_id) == (WebhookState.DELIVERED, context.run_id)
    assert "webhook-signature" not in request.headers


def test_it_sends_json_of_its_own_with_variables(
    action: WebhookAction, context_with: Callable[..., CallContext]
) -> None:
    body = {"summary": "{{ interaction.SUMMARY }}", "seconds": "{{ interaction.DURATION }}", "fixed": [1, None]}
    headers = [{"name": "X-Caller", "value": "{{ interaction.ANI }}"}]
    params = frozen(action, body=body, headers=headers)
    context = context_with(SUMMARY='He said "no"\n{{ 1 }}')
    (request,), _outcome = run(params, context)
    assert json.loads(request.body) == {"summary": 'He said "no"\n{{ 1 }}', "seconds": 61.4, "fixed": [1, None]}
    assert request.headers["x-caller"] == "+33639980001"


def test_nothing_that_a_caller_says_becomes_a_header(
    action: WebhookAction, context_with: Callable[..., CallContext]
) -> None:
    headers = [{"name": "X-Summary", "value": "{{ interaction.SUMMARY }}"}, {"name": "X-None", "value": "{{ '' }}"}]
    context = context_with(SUMMARY="fine\r\nX-Admin: yes\r\n\r\nGET / HTTP/1.1")
    (request,), _outcome = run(frozen(action, headers=headers), context)
    assert request.headers["x-summary"] == "fine X-Admin: yes GET / HTTP/1.1"
    assert not {"x-admin", "x-none"} & set(request.headers)


def test_it_is_signed_with_the_secret_of_a_webhook(action: WebhookAction, context: CallContext) -> None:
    signer = WebhookSubscription.objects.create(
        account_id=context.account_id, name="crm", url="https://crm.example", event_types=["call.completed"]
    )
    params = frozen(action, signed_as=signer)
    assert signer.secret not in params.model_dump_json()
    (request,), _outcome = run(params, context)
    assert Webhook(signer.secret).verify(request.body, request.headers)
    WebhookAction.objects.update(signed_as=None)
    WebhookSubscription.objects.all().delete()
    assert KIND.missing(params, context.account_id)
    with pytest.raises(ActionError) as refused:
        run(params, dataclasses.replace(context, run_id=context.call_id))
    assert refused.value.permanent


def test_a_retry_repeats_id_and_body_and_a_success_is_not_repeated(action: WebhookAction, context: CallContext) -> None:
    params = frozen(action)
    with pytest.raises(ActionError) as refused:
        run(params, context, status(503, Retry_After="7"))
    assert (refused.value.permanent, refused.value.retry_after_s) == (False, 7.0)
    (first,) = refused.value.requests  # type: ignore[attr-defined]
    assert WebhookDelivery.objects.get().state == WebhookState.FAILED
    (second,), _outcome = run(params, context)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert run(params, context)[0] == []
    attempts = WebhookAttempt.objects.order_by("number")
    assert [(each.number, each.status) for each in attempts] == [(1, 503), (2, 200)]


@pytest.mark.parametrize(
    ("code", "is_permanent"),
    [(400, True), (404, True), (410, True), (302, True), (408, False), (429, False), (500, False)],
)
def test_what_a_repeat_cannot_help_ends_at_once(
    action: WebhookAction, context: CallContext, code: int, is_permanent: bool
) -> None:
    with pytest.raises(ActionError) as refused:
        run(frozen(action), context, status(code))
    assert refused.value.permanent is is_permanent


def test_a_redirect_ends_at_once_and_is_not_followed(action: WebhookAction, context: CallContext) -> None:
    with pytest.raises(ActionError) as refused:
        run(frozen(action), context, status(307, Location="/elsewhere"))
    assert refused.value.permanent
    assert [request.path for request in refused.value.requests] == ["/calls"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url",
    ["http://crm.example/x", "ftp://crm.example", "https://10.0.0.1/", "https://user:pw@crm.example", "no url", ""],
)
def test_addresses_that_may_not_be_reached_are_refused_when_publishing(action: WebhookAction, url: str) -> None:
    assert "url" in errors_of(action, url=url)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "b"},
        ["X-A"],
        [{"name": "X-A"}],
        [{"name": "X A", "value": "b"}],
        [{"name": "Host", "value": "b"}],
        [{"name": "webhook-id", "value": "b"}],
        [{"name": "Idempotency-Key", "value": "b"}],
        [{"name": "X-A", "value": "{{ nonsense"}],
        [{"name": "X-A", "value": "a"}, {"name": "x-a", "value": "b"}],
        [{"name": f"X-{number}", "value": ""} for number in range(31)],
    ],
)
def test_bad_headers_are_refused_when_publishing(action: WebhookAction, headers: Any) -> None:
    assert "headers" in errors_of(action, headers=headers)


def test_bad_bodies_and_credentials_are_refused_when_publishing(action: WebhookAction) -> None:
    assert "body" in errors_of(action, body={"a": "{{ nonsense"})
    assert "body" in errors_of(action, body={"a": "{{ interaction.NOTHING_OF_THE_KIND }}"})
    assert "auth_profile" in errors_of(action, body=None, auth_profile="nobody")


def test_credentials_are_added_when_it_is_sent(action: WebhookAction, context: CallContext, account: Account) -> None:
    profile = AuthProfile(account=account, name="crm", kind="bearer")
    profile.enter_secrets({"token": "s3cret-token"})
    profile.save()
    (request,), _outcome = run(frozen(action, auth_profile="crm"), context)
    assert request.headers["authorization"] == "Bearer s3cret-token"
    assert "s3cret" not in json.dumps(context.trace)
    from outbound.usage import uses_by_profile

    WebhookAction.objects.filter(pk=action.pk).update(auth_profile="crm")
    assert [use.label for use in uses_by_profile(account.pk)["crm"]] == ["Action “tell_crm” of the agent “Accueil”"]


def test_another_accounts_webhook_cannot_sign(action: WebhookAction, other_account: Account) -> None:
    with scope(account=other_account):
        theirs = WebhookSubscription.objects.create(account=other_account, name="b", url="https://b.example")
    assert "signed_as" in errors_of(action, signed_as_id=theirs.pk)
