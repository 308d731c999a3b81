from __future__ import annotations

from typing import Any

import pytest
from django_scopes import scope

from actions.models import Agent, Label
from tests.api.conftest import REASON, Api, fields_of
from tests.conftest import NUMBER

NEW = {"name": "Standard", "slug": "standard"}


def test_an_agent_is_created_with_its_numbers_and_classifiers(api: Api, account: Any) -> None:
    body = {
        **NEW,
        "language": "en",
        "time_zone": "America/Montreal",
        "direction": "both",
        "numbers": ["+33199000007", "+33199000003"],
        "classifiers": [REASON],
    }
    created = api.post("agents", body)
    assert created.status_code == 201
    answer = created.json()
    assert {name: answer[name] for name in body} == {**body, "numbers": ["+33199000003", "+33199000007"]}
    assert answer["published_release"] is None
    assert answer["has_unpublished_changes"] is True
    assert api.get("agents/standard").json() == answer


def test_what_is_left_out_takes_its_default(api: Api) -> None:
    answer = api.post("agents", NEW).json()
    assert answer["language"] == "fr"
    assert answer["time_zone"] == "Europe/Paris"
    assert answer["direction"] == "inbound"
    assert answer["numbers"] == answer["classifiers"] == []


def test_put_replaces_and_patch_changes(api: Api, agent: Agent) -> None:
    patched = api.patch("agents/accueil", {"direction": "both"}).json()
    assert (patched["direction"], patched["numbers"]) == ("both", [NUMBER])
    replaced = api.put("agents/accueil", {"name": "Front desk", "slug": "accueil"}).json()
    assert (replaced["name"], replaced["direction"], replaced["numbers"]) == ("Front desk", "inbound", [])


def test_what_was_fetched_can_be_sent_back(api: Api, classified_agent: Agent) -> None:
    fetched = api.get("agents/accueil").json()
    assert api.put("agents/accueil", fetched).json() == fetched


def test_numbers_and_labels_that_stay_keep_their_identity(api: Api, classified_agent: Agent) -> None:
    def identities() -> tuple[int, int]:
        with scope(account=classified_agent.account):
            return classified_agent.numbers.get(number=NUMBER).pk, Label.objects.get(name="Refund").pk

    before = identities()
    more = {**REASON, "labels": [{"name": "Other"}, {"name": "Refund", "description": "Wants money back"}]}
    answer = api.patch("agents/accueil", {"numbers": ["+33199000009", NUMBER], "classifiers": [more]})
    assert answer.status_code == 200
    assert [label["name"] for label in answer.json()["classifiers"][0]["labels"]] == ["Other", "Refund"]
    assert identities() == before


def test_a_label_that_an_email_waits_for_stays(api: Api, classified_agent: Agent) -> None:
    email = {"kind": "email", "moment": "after", "name": "refunds", "subject": "Refund", "to": "a@lac.example"}
    label = {"classifier": "Reason", "label": "Refund"}
    assert api.post("agents/accueil/actions", {**email, "labels": [label]}).status_code == 201
    refused = api.patch("agents/accueil", {"classifiers": []})
    assert (refused.status_code, refused.json()["code"], fields_of(refused)) == (409, "in_use", {"classifiers"})
    assert "refunds" in refused.json()["errors"][0]["message"]
    assert api.get("agents/accueil").json()["classifiers"] == [REASON]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "with space"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"name": None}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"language": "de"}, "language"),
        ({"time_zone": "Europe/Paname"}, "time_zone"),
        ({"direction": "sideways"}, "direction"),
        ({"numbers": "+33199000001"}, "numbers"),
        ({"numbers": ["+33199000005", "0199000001"]}, "numbers.1"),
        ({"numbers": ["+33199000005", "+33199000005"]}, "numbers.1"),
        ({"numbers": [NUMBER]}, "numbers.0"),
        ({"classifiers": [{}]}, "classifiers.0.name"),
        ({"classifiers": [{"name": "Reason", "labels": [{"label": "x"}]}]}, "classifiers.0.labels.0.label"),
        ({"classifiers": [{"name": "A"}, {"name": "A"}]}, "classifiers.1"),
        ({"classifiers": [{"name": "A", "labels": [{"name": "x"}, {"name": "x"}]}]}, "classifiers.0.labels.1"),
        ({"classifiers": [{"name": "A", "is_main": True}, {"name": "B", "is_main": True}]}, "classifiers"),
        ({"classifiers": {"name": "A"}}, "classifiers"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_does_not_fit_is_named(api: Api, agent: Agent, change: dict[str, Any], field: str) -> None:
    answer = api.post("agents", {**NEW, **change})
    assert answer.status_code == 422
    assert field in fields_of(answer)
    with scope(account=agent.account):
        assert not Agent.objects.filter(slug="standard").exists()


def test_a_slug_is_given_once_per_account(api: Api, stranger_api: Api, agent: Agent) -> None:
    taken = api.post("agents", {"name": "Double", "slug": "accueil"})
    assert (taken.status_code, fields_of(taken)) == (422, {"slug"})
    assert stranger_api.post("agents", {"name": "Own", "slug": "accueil", "numbers": [NUMBER]}).status_code == 201


def test_the_later_of_two_simultaneous_requests_is_told_so(
    api: Api, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.api.model_serializers.row_errors", lambda *args, **kwargs: {})
    late = api.post("agents", {"name": "Late", "slug": "accueil"})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")


def test_every_error_is_told_at_once(api: Api) -> None:
    answer = api.post("agents", {"slug": "no good", "language": "de", "numbers": ["12"]})
    assert fields_of(answer) == {"name", "slug", "language", "numbers.0"}


def test_an_agent_without_calls_is_deleted(api: Api, published_agent: Agent) -> None:
    assert api.delete("agents/accueil").status_code == 204
    assert api.get("agents/accueil").status_code == 404


def test_an_agent_with_calls_stays(api: Api, published_agent: Agent) -> None:
    assert api.post("calls", {"agent": "accueil", "from": "anonymous"}).status_code == 201
    refused = api.delete("agents/accueil")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert api.get("agents/accueil").status_code == 200


def test_agents_are_listed_by_name_page_by_page(api: Api) -> None:
    for name in "cab":
        api.post("agents", {"name": name, "slug": name})
    first = api.get("agents?page_size=2").json()
    assert first["count"] == 3
    assert [agent["name"] for agent in first["results"]] == ["a", "b"]
    assert [agent["name"] for agent in api.get("agents?page_size=2&page=2").json()["results"]] == ["c"]
    assert api.get("agents?page=99").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_as_many_queries_for_one_agent_as_for_three(
    api: Api, count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        api.post("agents", {"name": f"a{number}", "slug": f"a{number}", "numbers": [f"+3319900000{number}"]})
    with django_assert_max_num_queries(7):
        assert api.get("agents").json()["count"] == count
