"""Node ``update_contact``, and the name ``contact`` of later calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from actions.contract import ActionError, CallContext, Moment
from actions.models import Agent
from actions.releases import load_plan, publish
from calls import lifecycle
from calls.requests import BeginCall
from contacts.models import Contact
from tests.workflows.support import call_context, entry, graph, node
from workflows.engine import execute
from workflows.graph import check_graph, compile_graph
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

PHONE = "+33612345678"


@pytest.fixture
def in_account(account: Account) -> Iterator[Account]:
    with scope(account=account):
        yield account


def update(**config: Any) -> dict[str, Any]:
    return node("keep", "update_contact", **config)


def run(account: Account, drawn: Any, context: CallContext | None = None, phone: str = PHONE) -> Any:
    context = context or call_context({"system": {"phoneE164": phone}})
    context.account_id = account.pk
    return async_to_sync(execute)(compile_graph(drawn), context, {"tier": "gold"})


def test_the_caller_is_kept_and_known_to_the_nodes_after_it(in_account: Account) -> None:
    end = node("end", "return", result="{{ contact.attributes.tier }}/{{ contact.external_ids.crm }}")
    drawn = graph(
        update(attributes={"tier": "{{ tier }}"}, external_ids={"crm": "{{ 40 + 2 }}"}), end, "start > keep > end"
    )

    assert run(in_account, drawn).result == "gold/42"

    contact = Contact.objects.get()
    assert (contact.phone, contact.attributes, contact.external_ids) == (PHONE, {"tier": "gold"}, {"crm": "42"})


def test_null_removes_and_types_stay(in_account: Account) -> None:
    run(in_account, graph(update(attributes={"a": 1, "b": [True], "c": "x"}), "start > keep"))
    run(in_account, graph(update(attributes={"a": None, "c": "{{ nothing | default(none) }}"}), "start > keep"))
    assert Contact.objects.get().attributes == {"b": [True]}


def test_without_a_number_the_branch_of_failures_is_taken(in_account: Account) -> None:
    drawn = graph(
        update(attributes={"a": 1}), node("b", "return", result="{{ error.code }}"), "start > keep", "keep:error > b"
    )
    assert run(in_account, drawn, phone="anonymous").result == "no_phone"
    assert not Contact.objects.exists()


def test_what_does_not_fit_fails_for_good(in_account: Account) -> None:
    context = call_context({"system": {"phoneE164": PHONE}})
    with pytest.raises(ActionError, match="Step “keep”") as raised:
        run(in_account, graph(update(attributes={"a": "y" * 60_000, "b": "y" * 9_000}), "start > keep"), context)
    assert raised.value.permanent
    assert entry(context, "keep")["input"]["phone"] == PHONE


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "attributes"),
        ({"phone": "", "attributes": {"a": 1}}, "phone"),
        ({"phone": "{{", "attributes": {"a": 1}}, "phone"),
        ({"attributes": {"a": "{{ nobody }}"}}, "attributes.a"),
        ({"external_ids": {"crm": "{{ nobody }}"}}, "external_ids.crm"),
        ({"attributes": {"": 1}}, "attributes."),
        ({"attributes": {"a": 1}, "colour": 1}, "colour"),
    ],
)
def test_mistakes_are_told_at_the_node(config: Any, field: str) -> None:
    errors = check_graph(graph(update(**config), "start > keep"), "after", flat_names=[])
    assert [(error.node_id, error.field) for error in errors] == [("keep", field)]


@pytest.fixture
def greeting_agent(in_account: Account, agent: Agent) -> Agent:
    """Tells before the call what the contact's tier is."""
    drawn = graph(node("end", "return", parameters={"tier": "{{ contact.attributes.tier }}"}), "start > end")
    workflow = Workflow.objects.create(account=in_account, name="greet", graph=drawn)
    WorkflowAction.objects.create(agent=agent, moment=Moment.BEFORE, name="greet", workflow=workflow)
    publish(agent)
    agent.refresh_from_db()
    return agent


def begin(agent: Agent, number: str) -> dict[str, Any]:
    request = BeginCall(direction="inbound", agent=agent.slug, from_number=number)
    return async_to_sync(lifecycle.begin)(agent.account, request)


def test_a_call_knows_its_caller(greeting_agent: Agent) -> None:
    Contact.objects.create(account=greeting_agent.account, phone=PHONE, attributes={"tier": "gold"})
    assert begin(greeting_agent, "+33 6 12 34 56 78")["parameters"] == {"tier": "gold"}
    assert begin(greeting_agent, "+33199000009")["parameters"] == {"tier": None}
    assert begin(greeting_agent, "anonymous")["parameters"] == {"tier": None}


def test_contacts_are_looked_up_only_where_an_action_reads_them(greeting_agent: Agent, account: Account) -> None:
    assert greeting_agent.current_release_id is not None
    plan = load_plan(greeting_agent.current_release_id)
    assert [action.reads_contact for action in plan.of(Moment.BEFORE)] == [True]
    assert not any(action.reads_contact for action in plan.of(Moment.DURING))


def test_the_look_up_is_one_query(
    in_account: Account, django_assert_num_queries: DjangoAssertNumQueries, greeting_agent: Agent
) -> None:
    from contacts.merging import find_contact

    with django_assert_num_queries(1):
        find_contact(PHONE)
