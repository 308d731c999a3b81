"""Requests made up from the OpenAPI description, good and bad: none may break the server or answer off the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django_scopes import scope
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from actions.kinds.keypad import KeypadAction
from actions.models import Agent
from actions.releases import publish
from knowledge.models import Source
from notifications.models import WebhookDelivery
from tests.api.conftest import Api
from transfers.kinds.transfer import TransferAction
from transfers.models import TransferDestination
from workflows.models import Workflow

EXAMPLES = 15


schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())


@contextmanager
def one_connection() -> Iterator[None]:
    """A real server's requests close the connection; here it holds the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture
def known(agent: Agent, workflow: Workflow, api: Api) -> dict[str, Any]:
    """Path parameters that lead somewhere."""
    with scope(account=agent.account):
        KeypadAction.objects.create(agent=agent, moment="during", name="menu")
        transfer = TransferAction.objects.create(agent=agent, moment="during", name="to_people", description="Ask.")
        TransferDestination.objects.create(action=transfer, phone="+33612345678", description="Support")
        publish(agent)
        source = Source.objects.create(account=agent.account, name="Contract")
        delivery = WebhookDelivery.objects.create(account=agent.account, event_type="ping", state="delivered")
    call_id = api.post("calls", {"agent": "accueil"}).json()["id"]
    run_id = api.post(f"calls/{call_id}/actions/menu", {"arguments": {"digits": "1"}}).json()["run"]["id"]
    return {
        "agent_slug": "accueil",
        "slug": "accueil",
        "name": "menu",
        "number": "1",
        "id": str(workflow.pk),
        "call_id": call_id,
        "run_id": run_id,
        "source_id": str(source.pk),
        "delivery_id": str(delivery.pk),
        "action_name": "to_people",
    }


@schema.given(leads_somewhere=st.booleans())
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_made_up_requests_are_answered_as_described(
    case: Any, leads_somewhere: bool, known: dict[str, Any], api_key: str
) -> None:
    if leads_somewhere:
        case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
        if isinstance(case.body, dict) and "agent" in case.body:
            case.body["agent"] = known["slug"]
    with one_connection(), transaction.atomic():
        response = case.call(headers={"X-Api-Key": api_key, "Accept-Language": "en"})
        transaction.set_rollback(True)
    checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
    case.validate_response(response, checks=checks)
