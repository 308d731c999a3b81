"""Lists cost the same number of queries with one row and with three."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_scopes import scope

from accounts.models import ApiKey, Membership, Role
from actions.models import Agent, AgentNumber, Classifier, Label
from actions.registry import kinds
from actions.releases import publish
from calls.models import Event
from contacts.models import Contact
from knowledge.models import Document, Source
from notifications.models import Delivery, Suppression
from outbound.models import AllowedHost, AuthProfile
from schedules.models import Schedule
from schedules.weeks import replace_week
from tests.admin.conftest import (
    Furnished,
    make_action,
    make_call,
    make_import,
    make_run,
    make_webhook,
    make_webhook_delivery,
)
from transfers.action import TransferAction
from transfers.models import SipConnection, TransferDestination
from workflows.models import Workflow

People = Callable[..., Client]
MAKERS: dict[str, Callable[[Furnished, int], None]] = {}

# Session, user, memberships, the account and the choices of the switch are five of each count.
QUERIES = {
    "/admin/actions/action/before/": 9,
    "/admin/actions/action/during/": 9,
    "/admin/actions/action/after/": 10,
    "/admin/actions/agent/": 9,
    "/admin/actions/classifier/": 10,
    "/admin/actions/release/": 7,
    "/admin/workflows/workflow/": 8,
    "/admin/calls/call/": 8,
    "/admin/calls/run/": 7,
    "/admin/notifications/delivery/": 6,
    "/admin/notifications/suppression/": 8,
    "/admin/notifications/webhooksubscription/": 8,
    "/admin/notifications/webhookdelivery/": 7,
    "/admin/accounts/membership/": 8,
    "/admin/accounts/apikey/": 8,
    "/admin/outbound/allowedhost/": 8,
    "/admin/accounts/user/": 8,
    "/admin/django_celery_beat/periodictask/": 11,
    "/admin/schedules/schedule/": 14,
    "/admin/transfers/sipconnection/": 10,
    "/admin/knowledge/source/": 8,
    "/admin/knowledge/document/": 9,
    "/admin/contacts/contact/": 6,
    "/admin/outbound/authprofile/": 14,
}
OF_TRANSFER = {
    "/admin/transfers/transferdestination/": 9,
    "/admin/transfers/numberimport/": 8,
}


def makes(*urls: str) -> Callable[[Callable[[Furnished, int], None]], Callable[[Furnished, int], None]]:
    def note(maker: Callable[[Furnished, int], None]) -> Callable[[Furnished, int], None]:
        MAKERS.update(dict.fromkeys(urls, maker))
        return maker

    return note


@makes("/admin/actions/action/before/", "/admin/actions/action/during/", "/admin/actions/action/after/")
def _actions(all: Furnished, number: int) -> None:
    """Of every kind, on an agent of its own: nothing is read row by row."""
    agent = Agent.objects.create(account=all.account, name=f"Agent {number}", slug=f"agent-{number}")
    for kind in kinds:
        make_action(kind.name, agent, all.workflow)


@makes("/admin/actions/agent/")
def _agent(all: Furnished, number: int) -> None:
    agent = Agent.objects.create(account=all.account, name=f"Agent {number}", slug=f"agent-{number}")
    AgentNumber.objects.create(agent=agent, number=f"+3319900010{number}")
    make_action("hang_up", agent, all.workflow)
    publish(agent)


@makes("/admin/actions/classifier/")
def _classifier(all: Furnished, number: int) -> None:
    classifier = Classifier.objects.create(agent=all.agent, name=f"Question {number}")
    Label.objects.create(classifier=classifier, name="Oui")


@makes("/admin/actions/release/")
def _release(all: Furnished, number: int) -> None:
    publish(all.agent)


@makes("/admin/workflows/workflow/")
def _workflow(all: Furnished, number: int) -> None:
    workflow = Workflow.objects.create(account=all.account, name=f"Workflow {number}")
    make_action("workflow", all.agent, workflow, name=f"workflow_{number}")


@makes("/admin/calls/call/", "/admin/calls/run/")
def _call(all: Furnished, number: int) -> None:
    call = make_call(all.agent, f"CA-1{number}")
    make_run(call)
    make_run(call, moment="before")


@makes("/admin/notifications/suppression/")
def _suppression(all: Furnished, number: int) -> None:
    Suppression.objects.create(account=all.account, address=f"a{number}@lac.example", reason="bounced")


@makes("/admin/notifications/webhooksubscription/")
def _webhook(all: Furnished, number: int) -> None:
    make_webhook(all.account, f"CRM {number}")


@makes("/admin/notifications/webhookdelivery/")
def _webhook_delivery(all: Furnished, number: int) -> None:
    make_webhook_delivery(make_webhook(all.account, f"CRM {number}"), all.call)


@makes("/admin/notifications/delivery/")
def _delivery(all: Furnished, number: int) -> None:
    call = make_call(all.agent, f"CA-1{number}")
    run = make_run(call)
    Delivery.objects.create(account=all.account, call=call, run_id=run.pk, channel="email")


@makes("/admin/accounts/membership/", "/admin/accounts/user/")
def _member(all: Furnished, number: int) -> None:
    user = get_user_model().objects.create_user(f"member{number}@lac.example")
    Membership.objects.create(account=all.account, user=user, role=Role.VIEWER)


@makes("/admin/accounts/apikey/")
def _key(all: Furnished, number: int) -> None:
    ApiKey.objects.issue(account=all.account, name=f"Key {number}", scopes=["calls"])


@makes("/admin/outbound/allowedhost/")
def _host(all: Furnished, number: int) -> None:
    AllowedHost.objects.create(account=all.account, host=f"crm{number}.internal", reason="CRM")


@makes("/admin/django_celery_beat/periodictask/")
def _task(all: Furnished, number: int) -> None:
    every = IntervalSchedule.objects.create(every=number, period="seconds")
    PeriodicTask.objects.create(name=f"Task {number}", task="calls.sweep", interval=every)


@makes("/admin/schedules/schedule/")
def _schedule(all: Furnished, number: int) -> None:
    schedule = Schedule.objects.create(account=all.account, name=f"Hours {number}", holiday_country="FR")
    replace_week(schedule, [{"days": [0], "from": "09:00", "to": "17:00"}])
    Agent.objects.create(account=all.account, name=f"Agent {number}", slug=f"agent-{number}", opening_hours=schedule)


@makes("/admin/transfers/sipconnection/")
def _line(all: Furnished, number: int) -> None:
    line = SipConnection.objects.create(account=all.account, name=f"Line {number}", host="sip.lac.example")
    agent = Agent.objects.create(account=all.account, name=f"Agent {number}", slug=f"agent-{number}")
    TransferAction.objects.create(agent=agent, moment="during", name="line", sip_connection=line)


@makes("/admin/knowledge/source/", "/admin/knowledge/document/")
def _source(all: Furnished, number: int) -> None:
    source = Source.objects.create(account=all.account, name=f"Source {number}")
    Document.objects.create(source=source, title=f"Document {number}", text="Dix euros par mois.")


@makes("/admin/contacts/contact/")
def _contact(all: Furnished, number: int) -> None:
    Contact.objects.create(account=all.account, phone=f"+3361200010{number}", attributes={"vip": True})


@makes("/admin/outbound/authprofile/")
def _profile(all: Furnished, number: int) -> None:
    AuthProfile.objects.create(account=all.account, name=f"profile-{number}", kind="bearer", hosts=["crm.example"])


@makes("/admin/transfers/transferdestination/")
def _destination(all: Furnished, number: int) -> None:
    transfer = all.actions["transfer"]
    hours = Schedule.objects.create(account=all.account, name=f"Hours {number}")
    TransferDestination.objects.create(action=transfer, phone=f"+3319900010{number}", schedule=hours)
    agent = Agent.objects.create(account=all.account, name=f"Agent {number}", slug=f"agent-{number}")
    TransferDestination.objects.create(action=transfer, type="agent", agent=agent)


@makes("/admin/transfers/numberimport/")
def _import(all: Furnished, number: int) -> None:
    upload = make_import(all.actions["transfer"])
    upload.uploaded_by = get_user_model().objects.create_user(f"member{number}@lac.example")
    upload.save()


@pytest.mark.parametrize("url", [*QUERIES, *OF_TRANSFER])
def test_a_list_costs_the_same_with_one_row_and_with_three(url: str, furnished: Furnished, people: People) -> None:
    client = people("staff")
    expected = {**QUERIES, **OF_TRANSFER}[url]
    make = MAKERS[url]
    if url in OF_TRANSFER:
        url = f"{url}?action={furnished.actions['transfer'].pk}"
    client.get(url)
    counts = []
    for number in (1, 2, 3):
        with scope(account=furnished.account):
            make(furnished, number)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[2], [query["sql"] for query in queries]
    assert counts[2] == expected, [query["sql"] for query in queries]


def test_the_overview_is_bounded_in_calls_and_actions(furnished: Furnished, people: People) -> None:
    client = people("viewer")
    client.get("/admin/")
    counts = []
    for number in (1, 2, 3):
        with scope(account=furnished.account):
            make_run(make_call(furnished.agent, f"CA-2{number}"))
            make_action("keypad", furnished.agent, furnished.workflow, name=f"keypad_{number}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/admin/").status_code == 200
        counts.append(len(queries))
    assert counts == [34, 34, 34], [query["sql"] for query in queries]


def test_one_call_is_read_in_a_fixed_number_of_queries(furnished: Furnished, people: People) -> None:
    client = people("viewer")
    url = f"/admin/calls/call/{furnished.call.pk}/change/"
    counts = []
    for _number in (1, 2, 3):
        with scope(account=furnished.account):
            make_run(furnished.call)
            Event.objects.create(account=furnished.account, call=furnished.call, type="transfer.ringing")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts == [10, 10, 10], [query["sql"] for query in queries]
