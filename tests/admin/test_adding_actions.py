"""Adding an action: moment, kind, form; and editing one on the page of its kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django_scopes import scope

from actions.contract import Moment
from actions.kinds.hang_up import HangUpAction
from actions.models import Action, Agent, Classifier, Label
from actions.registry import kinds
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text
from transfers.kinds.transfer import TransferAction
from workflows.kinds.workflow import WorkflowAction

People = Callable[..., Client]


@pytest.fixture
def other_agent(furnished: Furnished) -> Agent:
    with scope(account=furnished.account):
        return Agent.objects.create(account=furnished.account, name="Relances", slug="relances")


@pytest.mark.parametrize("moment", Moment)
def test_only_kinds_of_the_moment_are_offered(moment: Moment, furnished: Furnished, people: People) -> None:
    page = text(people("editor").get(f"/admin/actions/action/choose/?moment={moment}"))
    offered = {kind.name for kind in kinds if f'value="{kind.name}"' in page}
    assert offered == {kind.name for kind in kinds.for_moment(moment)}


def test_the_only_agent_is_chosen_already(furnished: Furnished, people: People) -> None:
    page = text(people("editor").get("/admin/actions/action/choose/?moment=during"))
    assert f'<input type="hidden" name="agent" value="{furnished.agent.pk}">' in page


def test_of_several_agents_the_one_in_the_address_is_chosen(
    furnished: Furnished, people: People, other_agent: Agent
) -> None:
    page = text(people("editor").get(f"/admin/actions/action/choose/?moment=during&agent={other_agent.pk}"))
    assert f'<option value="{other_agent.pk}" selected>Relances</option>' in page


def test_without_an_agent_the_way_to_a_first_one_is_shown(people: People, furnished: Furnished) -> None:
    assert "/admin/actions/agent/add/" in text(people("stranger").get("/admin/actions/action/choose/?moment=after"))


def test_a_chosen_kind_leads_to_its_form(furnished: Furnished, people: People) -> None:
    url = f"/admin/actions/action/choose/?moment=during&agent={furnished.agent.pk}&kind=keypad"
    response = people("editor").get(url)
    assert response["Location"] == f"/admin/actions/keypadaction/add/?moment=during&agent={furnished.agent.pk}"


def test_an_odd_moment_is_not_found(furnished: Furnished, people: People) -> None:
    assert people("editor").get("/admin/actions/action/choose/?moment=never").status_code == 404


@pytest.mark.parametrize("kind", [kind.name for kind in kinds])
def test_each_kind_can_be_added_for_each_of_its_moments(
    kind: str, furnished: Furnished, people: People, other_agent: Agent
) -> None:
    needed = {
        "workflow": {"workflow": str(furnished.workflow.pk)},
        "email": {"subject": "Appel", "to": "a@lac.example"},
        "knowledge": {"source": str(furnished.source.pk)},
        "sms": {"connection": str(furnished.operator.pk), "text": "Merci."},
        "webhook": {"url": "https://hooks.lac.example/calls"},
    }.get(kind, {})
    client = people("editor")
    meta = kinds.get(kind).model._meta
    for moment in kinds.get(kind).moments:
        url = f"/admin/{meta.app_label}/{meta.model_name}/add/?moment={moment}&agent={other_agent.pk}"
        response = fill_in(client, url, name=f"{kind}_{moment}", description="As needed.", **needed)
        assert response.status_code == 302, text(response)
        assert response["Location"] == f"/admin/actions/action/{moment}/"
        with scope(account=furnished.account):
            action = Action.objects.get(name=f"{kind}_{moment}")
            assert (action.agent, action.moment, action.kind) == (other_agent, moment, kind)


def test_name_and_position_are_suggested(furnished: Furnished, people: People) -> None:
    client = people("editor")
    url = f"/admin/actions/keypadaction/add/?moment=during&agent={furnished.agent.pk}"
    for expected in ("keypad", "keypad_2"):
        assert fill_in(client, url).status_code == 302
        with scope(account=furnished.account):
            assert Action.objects.order_by("-pk")[0].name == expected
    with scope(account=furnished.account):
        positions = list(
            Action.objects.filter(name__startswith="keypad").order_by("pk").values_list("position", flat=True)
        )
    assert positions == [1, 2]


def test_the_default_description_shows_in_the_agents_language(furnished: Furnished, people: People) -> None:
    page = text(people("editor").get(f"/admin/actions/keypadaction/add/?moment=during&agent={furnished.agent.pk}"))
    assert 'placeholder="Appuyez sur' in page


def test_a_second_hang_up_leads_to_the_first(furnished: Furnished, people: People) -> None:
    first = furnished.actions["hang_up"]
    url = f"/admin/actions/action/choose/?moment=during&agent={furnished.agent.pk}&kind=hang_up"
    response = people("editor").get(url, follow=True)
    assert response.request["PATH_INFO"] == f"/admin/actions/hangupaction/{first.pk}/change/"
    assert "once only" in text(response)


def test_a_second_hang_up_that_is_posted_gets_a_sentence(furnished: Furnished, people: People) -> None:
    url = f"/admin/actions/hangupaction/add/?moment=during&agent={furnished.agent.pk}"
    response = people("editor").post(url, {"name": "bye", "attempts": "1", "position": "1"})
    assert response.status_code == 200
    assert "This agent has a hang-up action already; change that one." in text(response)
    with scope(account=furnished.account):
        assert HangUpAction.objects.count() == 1


def test_a_name_that_the_agent_has_already_is_refused_at_its_field(furnished: Furnished, people: People) -> None:
    url = f"/admin/actions/keypadaction/add/?moment=during&agent={furnished.agent.pk}"
    response = fill_in(people("editor"), url, name="my_transfer")
    assert response.context["adminform"].form.errors["name"] == ["This agent has an action of this name already."]


def test_a_kind_is_not_added_at_a_moment_that_it_has_not(furnished: Furnished, people: People) -> None:
    url = f"/admin/notifications/emailaction/add/?moment=before&agent={furnished.agent.pk}"
    fill_in(people("editor"), url, name="early", subject="x", to="a@lac.example")
    with scope(account=furnished.account):
        assert Action.objects.get(name="early").moment == Moment.AFTER


def test_saving_leads_back_to_where_editing_began(furnished: Furnished, people: People) -> None:
    client = people("editor")
    change = f"/admin/transfers/transferaction/{furnished.actions['transfer'].pk}/change/"
    agent_page = f"/admin/actions/agent/{furnished.agent.pk}/change/"
    assert fill_in(client, f"{change}?back={agent_page}")["Location"] == agent_page
    assert fill_in(client, f"{change}?back=https://evil.example/")["Location"] == "/admin/actions/action/during/"


def test_deleting_leads_back_to_the_moment(furnished: Furnished, people: People) -> None:
    url = f"/admin/actions/keypadaction/{furnished.actions['keypad'].pk}/delete/"
    response = people("editor").post(url, {"post": "yes"})
    assert response["Location"] == "/admin/actions/action/during/"
    with scope(account=furnished.account):
        assert not Action.objects.filter(name="my_keypad").exists()


def test_sip_headers_are_rows_of_names_and_values(furnished: Furnished, people: People) -> None:
    action = furnished.actions["transfer"]
    url = f"/admin/transfers/transferaction/{action.pk}/change/"
    names, values = ["X-Customer", "", "X-Ref"], ["{{ params.customerId }}", "", "42"]
    changes = {"sip_headers-name": names, "sip_headers-value": values}
    assert fill_in(people("editor"), url, **changes).status_code == 302
    with scope(account=furnished.account):
        assert TransferAction.objects.get(pk=action.pk).sip_headers == [
            {"name": "X-Customer", "value": "{{ params.customerId }}"},
            {"name": "X-Ref", "value": "42"},
        ]
    assert "X-Customer" in text(people("viewer").get(url))


def test_a_header_that_cannot_be_is_said_at_the_rows_and_kept(furnished: Furnished, people: People) -> None:
    url = f"/admin/transfers/transferaction/{furnished.actions['transfer'].pk}/change/"
    response = fill_in(people("editor"), url, **{"sip_headers-name": ["Via"], "sip_headers-value": ["x"]})
    assert "sip_headers" in response.context["adminform"].form.errors
    assert 'value="Via"' in text(response)


def test_destinations_are_edited_with_the_transfer(furnished: Furnished, people: People) -> None:
    action = furnished.actions["transfer"]
    url = f"/admin/transfers/transferaction/{action.pk}/change/"
    changes = {
        "destinations-TOTAL_FORMS": "2", "destinations-1-address-type": "number",
        "destinations-1-address-region": "FR", "destinations-1-address-number": "06 12 34 56 79",
        "destinations-1-description": "Nuit", "destinations-1-enabled": "on",
        "destinations-1-position": "1", "destinations-1-action": str(action.pk), "destinations-1-id": "",
    }  # fmt: skip
    assert fill_in(people("editor"), url, **changes).status_code == 302
    with scope(account=furnished.account):
        assert [row.description for row in TransferAction.objects.get(pk=action.pk).destinations.all()] == [
            "Support",
            "Nuit",
        ]


def test_arguments_of_a_workflow_are_rows(furnished: Furnished, people: People) -> None:
    url = f"/admin/workflows/workflowaction/add/?moment=during&agent={furnished.agent.pk}"
    changes = {
        "name": "lookup", "description": "When asked.", "workflow": str(furnished.workflow.pk),
        "parameters-name": ["contract", ""], "parameters-description": ["The number", ""],
        "parameters-type": ["integer", "string"], "parameters-required": ["yes", "no"],
    }  # fmt: skip
    assert fill_in(people("editor"), url, **changes).status_code == 302
    with scope(account=furnished.account):
        assert WorkflowAction.objects.get(name="lookup").parameters == [
            {"name": "contract", "description": "The number", "type": "integer", "values": [], "required": True}
        ]


def test_settings_show_at_the_moment_at_which_they_mean_something(furnished: Furnished, people: People) -> None:
    add = f"/admin/workflows/workflowaction/add/?agent={furnished.agent.pk}"
    shown = {moment: text(people("editor").get(f"{add}&moment={moment}")) for moment in Moment}
    assert [moment for moment in Moment if 'id="id_parameters"' in shown[moment]] == [Moment.DURING]
    assert [moment for moment in Moment if 'id="id_default_parameters"' in shown[moment]] == [Moment.BEFORE]


def test_an_email_offers_the_labels_of_its_own_agent_only(
    furnished: Furnished, people: People, other_agent: Agent
) -> None:
    with scope(account=furnished.account):
        classifier = Classifier.objects.create(agent=other_agent, name="Suite")
        foreign = Label.objects.create(classifier=classifier, name="À rappeler")
    url = f"/admin/notifications/emailaction/{furnished.actions['email'].pk}/change/"
    page = text(people("editor").get(url))
    assert "Résiliation" in page
    assert "À rappeler" not in page
    response = fill_in(people("editor"), url, labels=[str(foreign.pk)])
    assert "labels" in response.context["adminform"].form.errors


def test_a_position_is_changed_in_the_list(furnished: Furnished, people: People) -> None:
    client = people("editor")
    rows = {name: f"form-{index}" for index, name in enumerate(("hang_up", "keypad", "wait", "transfer"))}
    data = {"form-TOTAL_FORMS": "4", "form-INITIAL_FORMS": "4", "_save": "Save"}
    for name, prefix in rows.items():
        data |= {f"{prefix}-id": str(furnished.actions[name].pk), f"{prefix}-position": "3", f"{prefix}-enabled": "on"}
    data[f"{rows['wait']}-position"] = "1"
    del data[f"{rows['keypad']}-enabled"]
    assert client.post("/admin/actions/action/during/", data).status_code == 302
    with scope(account=furnished.account):
        assert Action.objects.get(name="my_wait").position == 1
        assert not Action.objects.get(name="my_keypad").enabled
        assert Action.objects.get(name="my_transfer").position == 3


def test_many_actions_are_switched_at_once(furnished: Furnished, people: People) -> None:
    chosen = [str(furnished.actions[name].pk) for name in ("keypad", "wait")]
    data = {"action": "disable", "_selected_action": chosen}
    assert "2 actions changed." in text(people("editor").post("/admin/actions/action/during/", data, follow=True))
    with scope(account=furnished.account):
        assert set(Action.objects.filter(enabled=False).values_list("name", flat=True)) == {"my_keypad", "my_wait"}


def test_the_list_is_filtered_and_searched(furnished: Furnished, people: People) -> None:
    client = people("viewer")
    assert "my_keypad" not in text(client.get("/admin/actions/action/during/?kind=transfer"))
    assert "my_transfer" in text(client.get("/admin/actions/action/during/?kind=transfer"))
    assert "my_transfer" not in text(client.get("/admin/actions/action/during/?q=keypad"))
    assert "my_email" not in text(client.get("/admin/actions/action/during/"))
