"""Fixtures of the tests of text messages: a provider that listens, and connections to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django_scopes import scope

from accounts.models import Account
from actions.contract import CallContext, Moment
from notifications.models import SmsConnection
from outbound.circuits import forget_circuits
from tests.notifications.conftest import make_context
from tests.notifications.sms.server import SmsServer, sms_server

SID = "AC" + "0" * 31 + "1"
TOKEN = "12345"
MOBILE = "+33639980001"


@pytest.fixture
def provider(settings: Any) -> Iterator[SmsServer]:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PUBLIC_URL = "https://triptyque.example"
    forget_circuits()
    with sms_server() as server:
        yield server


def make_twilio(account: Account, url: str, **columns: Any) -> SmsConnection:
    values = {"name": "Twilio", "sender": "+33199000099", "region": "FR", **columns}
    connection = SmsConnection(
        account=account, provider="twilio", settings={"account_sid": SID, "base_url": url}, **values
    )
    connection.enter_secrets({"auth_token": TOKEN})
    connection.full_clean()
    connection.save()
    return connection


HTTP_SETTINGS = {
    "body": {
        "messages": [{"to": "{{ to }}", "from": "{{ sender }}", "text": "{{ text }}"}],
        "hook": "{{ report_url }}",
    },
    "id_path": "messages[0].id",
    "error_path": "error.message",
    "report_id_path": "id",
    "report_status_path": "status",
    "report_reason_path": "reason",
    "answer_number_path": "from",
    "answer_text_path": "text",
}


def make_http(account: Account, url: str, **settings: Any) -> SmsConnection:
    connection = SmsConnection(
        account=account,
        name="Opérateur",
        provider="http",
        sender="MUTUELLE",
        region="FR",
        settings={"url": f"{url}/sms", **HTTP_SETTINGS, **settings},
    )
    connection.full_clean()
    connection.save()
    return connection


@pytest.fixture
def twilio(account: Account, provider: SmsServer) -> Iterator[SmsConnection]:
    with scope(account=account):
        yield make_twilio(account, provider.url)


@pytest.fixture
def operator(account: Account, provider: SmsServer) -> Iterator[SmsConnection]:
    with scope(account=account):
        yield make_http(account, provider.url)


@pytest.fixture
def context_of(call: Any) -> Callable[..., CallContext]:
    """Makes the context of a run at a moment; ``params`` are the call's."""

    def make(moment: Moment = Moment.AFTER, params: dict[str, Any] | None = None, **changes: Any) -> CallContext:
        context = make_context(call, params)
        system = {"callId": str(call.pk), "phoneE164": MOBILE}
        scope_of_call = {**context.scope, "system": system}
        run_id = uuid4()
        facts: dict[str, Any] = {"run_id": run_id, "idempotency_key": str(run_id), **changes}
        return replace(context, moment=moment, scope=scope_of_call, **facts)

    return make
