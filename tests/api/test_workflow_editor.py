"""What the editor of workflows asks of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from calls.models import Run
from contacts.models import Contact
from tests.api.conftest import GRAPH, Api, fields_of
from tests.conftest import issue_key
from tests.support.http_server import Handler, serving
from tests.workflows.support import graph, node
from workflows.models import Workflow

TIER = node("tier", "set_variable", variables=[{"variable": "tier", "value": "{{ system.phone }}-gold"}])
END = node("end", "return", parameters={"tier": "{{ tier }}"})
GOOD = graph(TIER, END, "start > tier > end")


def start(**test_data: Any) -> dict[str, Any]:
    return node("start", "start", test_data=test_data)


# --- nodes ----------------------------------------------------------------------------------------


def test_the_nodes_are_described_with_their_forms(api: Api) -> None:
    nodes = {each["name"]: each for each in api.get("nodes/").json()}
    assert {"start", "api_request", "set_variable", "decision", "say", "run_workflow", "return"} <= set(nodes)
    request = nodes["api_request"]
    assert (request["outputs"], nodes["decision"]["outputs"], nodes["return"]["outputs"]) == (
        ["next", "error"],
        None,
        [],
    )
    fields = {field["name"]: field for field in request["fields"]}
    assert fields["method"]["options"][0] == {"value": "GET", "label": "GET"}
    assert fields["auth_profile"]["options"] == []
    assert fields["retries"]["maximum"] == 3
    assert request["default_config"]["method"] == "GET"


def test_a_moment_narrows_the_nodes_to_those_possible_then(api: Api) -> None:
    def names(moment: str) -> set[str]:
        return {each["name"] for each in api.get(f"nodes?moment={moment}").json()}

    assert "say" in names("during")
    assert "say" not in names("before") | names("after")


def test_nodes_speak_the_language_of_the_request(api_key: str) -> None:
    labels = {Api(api_key, language=code).get("nodes").json()[0]["label"] for code, _name in django_settings.LANGUAGES}
    assert len(labels) == len(django_settings.LANGUAGES)


# --- version --------------------------------------------------------------------------------------


def test_a_change_on_top_of_somebody_elses_is_refused(
    api: Api, member_api: Callable[[Any], Api], editor_user: Any, workflow: Workflow
) -> None:
    path = f"workflows/{workflow.pk}/"
    first = api.get(path).json()
    assert first["version"] == 1
    theirs = member_api(editor_user).patch(path, {"name": "Theirs", "version": 1})
    assert (theirs.status_code, theirs.json()["version"]) == (200, 2)

    mine = api.put(path, {**first, "name": "Mine"})

    assert (mine.status_code, mine.json()["code"]) == (409, "changed_meanwhile")
    assert (mine.json()["version"], mine.json()["changed_by"]) == (2, "Émile")
    assert mine.json()["changed_at"]
    assert api.get(path).json()["name"] == "Theirs"
    assert api.put(path, {"name": "Mine", "version": 2}).json()["version"] == 3
    assert api.put(path, {"name": "Again"}).json()["version"] == 4


def test_every_save_counts_wherever_it_comes_from(account: Account, workflow: Workflow) -> None:
    with scope(account=account):
        mine, theirs = (Workflow.objects.get(pk=workflow.pk) for _copy in "ab")
        mine.save()
        theirs.save(update_fields=["name"])
        assert Workflow.objects.get(pk=workflow.pk).version == 3


# --- check ----------------------------------------------------------------------------------------


def check(api: Api, drawn: Any, moment: str | None = None, **more: Any) -> list[dict[str, Any]]:
    answer = api.post("workflows/check/", {"graph": drawn, "moment": moment, **more})
    assert answer.status_code == 200, answer.content
    errors: list[dict[str, Any]] = answer.json()["errors"]
    return errors


def test_a_sound_draft_has_no_errors(api: Api) -> None:
    assert check(api, GOOD, "before") == check(api, GRAPH) == []


@pytest.mark.parametrize("drawn", ["x", [], {}, {"nodes": 1}, {"nodes": [1]}, {"nodes": [{"id": {}}]}])
def test_nonsense_is_told_not_raised(api: Api, drawn: Any) -> None:
    assert check(api, drawn)


def test_errors_name_the_node_and_the_field(api: Api) -> None:
    drawn = graph(node("ask", "api_request", url="https://crm.example", auth_profile="crm"), "start > ask")
    assert [(error["node"], error["field"]) for error in check(api, drawn)] == [("ask", "auth_profile")]
    spoken = graph(node("tell", "say", text="{{ nobody }}"), "start > tell")
    assert [(error["node"], error["field"]) for error in check(api, spoken, "before")] == [("tell", "kind")]
    assert not check(api, spoken, "during")


def test_a_draft_of_a_workflow_in_use_knows_what_it_begins_with(api: Api, agent: Agent, workflow: Workflow) -> None:
    action = {"kind": "workflow", "moment": "during", "name": "look", "description": "Look", "workflow": workflow.name}
    action["parameters"] = [{"name": "order"}]  # type: ignore[assignment]
    assert api.post("agents/accueil/actions", action).status_code == 201
    drawn = graph(node("end", "return", result="{{ order }}{{ ordre }}"), "start > end")
    assert check(api, drawn, "during") == []
    (error,) = check(api, drawn, "during", workflow=workflow.pk)
    assert (error["node"], error["field"]) == ("end", "result")
    assert "order" in error["message"]


# --- variables ------------------------------------------------------------------------------------


def test_the_variables_at_a_node_are_those_of_the_call_and_of_the_nodes_before_it(api: Api) -> None:
    drawn = graph(TIER, END, "start > tier > end")
    drawn["nodes"][0] = start(context={"segment": "vip"}, system={"phone": "06"})

    def names(at: str, moment: str) -> dict[str, Any]:
        answer = api.post("workflows/variables/", {"graph": drawn, "moment": moment, "node": at})
        return {each["name"]: each for each in answer.json()["variables"]}

    at_end = names("end", "before")
    assert at_end["tier"] == {"name": "tier", "origin": "node:tier"}
    assert at_end["system.phone"] == {"name": "system.phone", "origin": "call", "example": "06"}
    assert at_end["context.segment"] == {"name": "context.segment", "origin": "context", "example": "vip"}
    assert "interaction.SUMMARY" not in at_end
    assert "interaction.SUMMARY" in names("end", "after")
    assert "tier" not in names("tier", "before")


def test_variables_of_an_unfinished_graph_are_told_as_far_as_they_are_known(api: Api) -> None:
    for drawn in ([], {}, graph(node("ask", "api_request"), node("end", "dance"), "start > ask > end")):
        answer = api.post("workflows/variables/", {"graph": drawn, "moment": None, "node": "end"})
        assert answer.status_code == 200
        assert "system.now" in [each["name"] for each in answer.json()["variables"]]


# --- test -----------------------------------------------------------------------------------------


def play(api: Api, drawn: Any, **more: Any) -> dict[str, Any]:
    answer = api.post("workflows/test/", {"graph": drawn, "moment": "before", **more})
    assert answer.status_code == 200, answer.content
    played: dict[str, Any] = answer.json()
    return played


def test_a_draft_is_run_with_the_data_of_the_test(api: Api) -> None:
    played = play(api, GOOD, data={"system": {"phone": "06"}})
    assert (played["state"], played["error"]) == ("succeeded", None)
    assert played["variables"] == played["parameters"] == {"tier": "06-gold"}
    assert [entry["node"] for entry in played["trace"]] == ["start", "tier", "end"]


def test_without_data_the_test_data_of_the_start_counts(api: Api) -> None:
    drawn = graph(TIER, END, "start > tier > end")
    drawn["nodes"][0] = start(system={"phone": "07"})
    assert play(api, drawn)["variables"] == {"tier": "07-gold"}


def test_one_node_is_run_alone(api: Api) -> None:
    played = play(api, GOOD, node="end", data={"tier": "silver"})
    assert played["parameters"] == {"tier": "silver"}
    assert [entry["node"] for entry in played["trace"]] == ["end"]


ASK = node(
    "ask",
    "api_request",
    url="https://crm.example/",
    mapping=[{"path": "$.tier", "variable": "tier"}],
)
ASKING = graph(ASK, END, "start > ask > end")


def test_a_test_that_is_not_live_sends_nothing(api: Api) -> None:
    played = play(api, graph(ASK, END, node("plan-b", "return"), "start > ask > end", "ask:error > plan-b"))
    assert (played["state"], played["error"]["code"]) == ("failed", "not_live")
    assert played["trace"][1]["node"] == "ask"


@pytest.mark.parametrize(
    ("pinned", "tier"),
    [
        ({"status": 200, "elapsed_ms": 3.1, "size": 17, "body": '{"tier": "gold"}'}, "gold"),
        ({"status": 200, "body": {"tier": "silver"}}, "silver"),
        ({"tier": "bronze"}, "bronze"),
    ],
)
def test_a_pinned_answer_stands_for_the_one_from_outside(api: Api, pinned: Any, tier: str) -> None:
    played = play(api, ASKING, pinned={"ask": pinned})
    assert played["variables"] == {"tier": tier}
    assert played["trace"][1]["pinned"] is True


def test_a_pinned_failure_takes_the_branch_of_failures(api: Api) -> None:
    drawn = graph(
        ASK, END, node("plan-b", "return", result="{{ error.status }}"), "start > ask > end", "ask:error > plan-b"
    )
    assert play(api, drawn, pinned={"ask": {"status": 500, "body": ""}})["result"] == 500


def test_a_draft_that_cannot_run_is_refused_with_its_errors(api: Api) -> None:
    answer = api.post("workflows/test/", {"graph": graph(node("ask", "api_request"), "start > ask"), "moment": None})
    assert answer.status_code == 422
    assert fields_of(answer) == {"graph.nodes.ask.url"}


def test_a_node_can_be_tried_while_others_are_unfinished(api: Api) -> None:
    drawn = graph(TIER, node("ask", "api_request"), "start > tier > ask")
    assert play(api, drawn, node="tier", data={})["state"] == "succeeded"
    answer = api.post("workflows/test/", {"graph": drawn, "node": "nowhere"})
    assert fields_of(answer) == {"graph.nodes.nowhere"}


def test_viewers_test_nothing(member_api: Callable[[Any], Api], viewer_user: Any) -> None:
    viewer = member_api(viewer_user)
    assert viewer.post("workflows/test/", {"graph": GOOD}).status_code == 403
    assert viewer.get("nodes").status_code == 200


# --- samples and re-runs --------------------------------------------------------------------------


@pytest.fixture
def failed_run(api: Api, agent: Agent, workflow: Workflow) -> dict[str, Any]:
    """A during-call tool that failed, and its workflow."""
    broken = graph(node("end", "return", result="{{ order / 0 }}"), "start > end")
    assert api.patch(f"workflows/{workflow.pk}", {"graph": broken}).status_code == 200
    action = {"kind": "workflow", "moment": "during", "name": "look", "description": "Look", "workflow": workflow.name}
    action["parameters"] = [{"name": "order", "type": "integer"}]  # type: ignore[assignment]
    assert api.post("agents/accueil/actions", action).status_code == 201
    assert api.post("agents/accueil/releases", {}).status_code == 201
    call = api.post("calls", {"agent": "accueil", "from": "+33612345678", "context": {"segment": "vip"}}).json()
    run = api.post(f"calls/{call['id']}/actions/look", {"arguments": {"order": 7}}).json()["run"]
    assert run["state"] == "failed"
    return {"call": call, "run": run}


def test_recent_calls_give_data_to_test_with(api: Api, failed_run: Any) -> None:
    (sample,) = api.get("workflows/samples?moment=during").json()
    assert sample["call_id"] == failed_run["call"]["id"]
    assert sample["data"]["system"]["phoneE164"] == "+33612345678"
    assert sample["data"]["segment"] == "vip"
    assert "+33612345678" in sample["title"]
    assert play(api, GOOD, data=sample["data"])["parameters"] == {"tier": "06 12 34 56 78-gold"}


def test_calls_are_not_shown_to_those_who_may_not_see_them(
    account: Account, failed_run: Any, member_api: Callable[[Any], Api], viewer_user: Any, stranger_api: Api
) -> None:
    assert Api(issue_key(account, "config")).get("workflows/samples").status_code == 403
    assert Api(issue_key(account, "calls")).get("workflows/samples").status_code == 403
    assert member_api(viewer_user).get("workflows/samples").status_code == 403
    assert stranger_api.get("workflows/samples").json() == []
    assert stranger_api.post(f"runs/{failed_run['run']['id']}/rerun").status_code == 404


def test_a_failed_run_is_tried_again_with_the_current_draft(
    api: Api, account: Account, failed_run: Any, workflow: Workflow
) -> None:
    path = f"runs/{failed_run['run']['id']}/rerun/"
    assert api.post(path, {}).json()["error"]["code"] == "expression_failed"
    mended = graph(node("end", "return", result="{{ order * 2 }} {{ segment | default('') }}"), "start > end")
    unsaved = api.post(path, {"graph": mended}).json()
    assert (unsaved["state"], unsaved["result"]) == ("succeeded", "14 vip")
    assert api.post(path, {}).json()["state"] == "failed"
    api.patch(f"workflows/{workflow.pk}", {"graph": mended})
    assert api.post(path).json()["result"] == "14 vip"
    with scope(account=account):
        assert Run.objects.get(pk=failed_run["run"]["id"]).state == "failed"
        assert Run.objects.count() == 1


def test_a_rerun_sees_what_the_run_saw_and_nothing_of_the_report(
    api: Api, account: Account, failed_run: Any, workflow: Workflow
) -> None:
    told = graph(
        node("end", "return", result="{{ params.later | default('not yet') }} {{ params.segment }}"), "start > end"
    )
    with scope(account=account):
        run = Run.objects.select_related("call").get(pk=failed_run["run"]["id"])
        run.call.parameters = {**run.call.parameters, "segment": "changed", "later": "known now"}
        run.call.summary = "What came of it."
        run.call.save()
    answer = api.post(f"runs/{run.pk}/rerun", {"graph": told}).json()
    assert (answer["state"], answer["result"]) == ("succeeded", "not yet vip")


def test_a_rerun_of_a_broken_draft_tells_the_errors(api: Api, failed_run: Any) -> None:
    path = f"runs/{failed_run['run']['id']}/rerun"
    answer = api.post(path, {"graph": {"nodes": []}})
    assert (answer.status_code, fields_of(answer)) == (422, {"workflow"})
    assert api.post(f"runs/{uuid4()}/rerun").status_code == 404


def test_a_run_whose_action_is_gone_is_not_tried_again(api: Api, failed_run: Any) -> None:
    assert api.delete("agents/accueil/actions/look").status_code == 204
    answer = api.post(f"runs/{failed_run['run']['id']}/rerun")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_rerunnable")


# --- files ----------------------------------------------------------------------------------------


def test_a_workflow_goes_out_and_comes_in_again(api: Api, stranger_api: Api, workflow: Workflow) -> None:
    ask = node("ask", "api_request", url="https://crm.example", auth_profile="crm")
    drawn = graph(ask, node("sub", "run_workflow", workflow="Other"), "start > ask > sub")
    drawn["nodes"][0] = start(system={"phone": "06"})
    assert api.patch(f"workflows/{workflow.pk}", {"graph": drawn}).status_code == 200

    answer = api.get(f"workflows/{workflow.pk}/export/")

    file = answer.json()
    assert "attachment" in answer["Content-Disposition"]
    assert (file["format"], file["auth_profiles"], file["workflows"]) == ("triptyque.workflow/1", ["crm"], ["Other"])
    assert file["graph"]["nodes"][0]["config"] == {}
    for name in (workflow.name, f"{workflow.name} (2)"):
        imported = stranger_api.post("workflows/import/", file)
        assert imported.status_code == 201, imported.content
        assert imported.json()["workflow"]["name"] == name
        assert [(each["node"], each["field"]) for each in imported.json()["errors"]] == [
            ("ask", "auth_profile"),
            ("sub", "workflow"),
        ]


@pytest.mark.parametrize(
    "change", [{"format": "other/9"}, {"graph": None}, {"graph": {"nodes": []}}, {"name": ""}, {"secrets": {}}]
)
def test_a_file_that_is_none_is_refused(api: Api, change: dict[str, Any]) -> None:
    file = {"format": "triptyque.workflow/1", "name": "A", "graph": GRAPH, **change}
    assert api.post("workflows/import", file).status_code == 422


def test_strangers_export_nothing(stranger_api: Api, workflow: Workflow) -> None:
    assert stranger_api.get(f"workflows/{workflow.pk}/export").status_code == 404


# --- live -----------------------------------------------------------------------------------------


class Crm(Handler):
    """Answers every GET with a customer, and keeps what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("Authorization", ""))
        self.answer(200, json.dumps({"tier": "gold", "token": "s3cret"}).encode())


@pytest.fixture
def crm(settings: Any) -> Iterator[str]:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    Crm.asked.clear()
    with serving(Crm) as url:
        yield f"{url}/"


def test_a_live_test_asks_the_other_system_and_shows_data_and_meta(api: Api, crm: str) -> None:
    ask = node("ask", "api_request", url=crm, mapping=ASK["config"]["mapping"], headers={"Authorization": "Bearer x"})
    drawn = graph(ask, END, "start > ask > end")

    alone = play(api, drawn, node="ask", live=True, data={})
    whole = play(api, drawn, live=True, data={})

    assert len(Crm.asked) == 2
    for played in (alone, whole):
        entry = next(entry for entry in played["trace"] if entry["node"] == "ask")
        assert entry["meta"]["status"] == 200
        assert entry["meta"]["body"] == {"tier": "gold", "token": "•••"}
        assert entry["meta"]["headers"]["content-type"] == "application/json"
        assert entry["meta"]["request"]["headers"]["Authorization"] == "•••"
        assert played["variables"] == {"tier": "gold"}
    again = play(api, drawn, data={}, pinned={"ask": alone["trace"][0]["output"]})
    assert (again["variables"], len(Crm.asked)) == ({"tier": "gold"}, 2)


@pytest.mark.django_db
def test_a_live_test_may_keep_a_contact(api: Api, account: Account) -> None:
    drawn = graph(node("keep", "update_contact", attributes={"vip": True}), "start > keep")
    data = {"system": {"phoneE164": "+33612345678"}}
    assert play(api, drawn, data=data)["error"]["code"] == "not_live"
    assert play(api, drawn, data=data, live=True)["state"] == "succeeded"
    with scope(account=account):
        assert Contact.objects.get().attributes == {"vip": True}


def test_a_private_address_is_refused_in_a_live_test_too(api: Api) -> None:
    drawn = graph(node("ask", "api_request", url="http://169.254.169.254/latest"), "start > ask")
    assert play(api, drawn, live=True, data={})["error"]["code"] == "blocked_address"


def test_credentials_are_used_by_a_test_and_shown_nowhere(api: Api, crm: str) -> None:
    profile = {"name": "crm", "kind": "bearer", "secrets": {"token": "very-secret-7"}}
    created = api.post("auth-profiles", profile)
    assert created.status_code == 201, created.content
    ask = node("ask", "api_request", url=crm, auth_profile="crm", mapping=ASK["config"]["mapping"])
    drawn = graph(ask, END, "start > ask > end")
    assert check(api, drawn, "before") == []

    answer = api.post("workflows/test/", {"graph": drawn, "moment": "before", "live": True, "data": {}})

    assert Crm.asked == ["Bearer very-secret-7"]
    assert answer.json()["state"] == "succeeded"
    assert b"very-secret-7" not in answer.content
    (asked,) = [step for step in answer.json()["trace"] if step["node"] == "ask"]
    assert asked["meta"]["request"] == {
        "method": "GET",
        "url": f"{crm}/" if not crm.endswith("/") else crm,
        "profile": "crm",
        "headers": {"Authorization": "•••"},
    }


def test_a_workflow_that_another_one_runs_is_not_deleted(api: Api, workflow: Workflow, account: Account) -> None:
    with scope(account=account):
        inner = Workflow.objects.create(account=account, name="Inner")
    outer = graph(node("sub", "run_workflow", workflow="Inner"), "start > sub")
    assert api.post("workflows", {"name": "Outer", "graph": outer}).status_code == 201
    refused = api.delete(f"workflows/{inner.pk}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert "Outer" in refused.json()["detail"]
