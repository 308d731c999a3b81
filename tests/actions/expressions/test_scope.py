from __future__ import annotations

import copy
import json
from collections.abc import Mapping

import pytest

from actions.contract import JSON, Moment
from actions.expressions import scope
from actions.expressions.templates import Template

Names = Mapping[str, JSON]


@pytest.mark.parametrize("name", ["X-Customer-Id", "x-customer-id", "X_Customer_ID", "x_customer-id"])
def test_headers_are_found_whatever_the_case_and_dashes(name: str, names: Names) -> None:
    headers = names["sip"]

    assert headers[name] == headers.get(name) == "42"
    assert name in headers


def test_headers_that_are_not_there_are_not_found() -> None:
    headers = scope.Headers({"A": "1"})

    assert "b" not in headers
    assert 1 not in headers
    assert headers.get("b") is None
    assert headers.get("b", "x") == "x"
    with pytest.raises(KeyError):
        headers["b"]


def test_headers_keep_their_names_through_json_and_copies() -> None:
    headers = scope.Headers({"X-Id": "1"})

    assert json.loads(json.dumps(headers)) == {"X-Id": "1"}
    assert copy.deepcopy(headers)["x-id"] == "1"


def test_flat_names_never_hide_the_roots() -> None:
    built = scope.build(
        system={"callId": "1"},
        interaction={},
        sip={},
        context={},
        params={"system": "mine", "a": 1, "b": 1},
        variables={"open": "mine", "b": 2},
    )

    assert built["system"] == {"callId": "1"}
    assert built["open"] is None
    assert (built["a"], built["b"]) == (1, 2)
    assert built["params"]["system"] == "mine"


def test_a_layer_adds_variables_and_leaves_the_scope_alone(names: Names) -> None:
    layered = scope.layer(names, {"count": 4, "fresh": 1, "system": "mine", "range": 1})

    assert Template.parse("{{ [count, fresh, system.callId, range] }}").value(layered, []) == [4, 1, "c-1", None]
    assert names["count"] == 3
    assert "fresh" not in names


@pytest.mark.parametrize(
    ("name", "moment", "known", "message"),
    [
        ("system.callId", Moment.BEFORE, [], None),
        ("system.callID", Moment.BEFORE, [], "“system.callID” does not exist. Did you mean “system.callId”?"),
        ("system", Moment.BEFORE, [], None),
        ("interaction.SUMMARY", Moment.AFTER, [], None),
        ("interaction.SUMMARY.x", Moment.AFTER, [], None),
        ("interaction.SUMMARY", Moment.DURING, [], "“interaction.SUMMARY” is known only after the call."),
        ("interaction.TRANSCRIPT", Moment.DURING, [], None),
        ("interaction.TRANSCRIPT", Moment.BEFORE, [], "“interaction.TRANSCRIPT” is not known before the call."),
        ("interaction.SUMARY", Moment.AFTER, [],
         "“interaction.SUMARY” does not exist. Did you mean “interaction.SUMMARY”?"),
        ("interaction.SUMARY", Moment.BEFORE, [],
         "“interaction.SUMARY” does not exist. Did you mean “interaction.SUMMARY”?"),
        ("interaction.zzz", Moment.AFTER, [], "“interaction.zzz” does not exist."),
        ("sip.X_Any", Moment.BEFORE, [], None),
        ("context.any", Moment.BEFORE, [], None),
        ("params.any", Moment.BEFORE, [], None),
        ("contact.any", Moment.BEFORE, [], None),
        ("open.now", Moment.BEFORE, [], None),
        ("firstName.x", Moment.BEFORE, ["firstName"], None),
        ("firstNme", Moment.BEFORE, ["firstName"], "“firstNme” does not exist. Did you mean “firstName”?"),
        ("sistem.callId", Moment.BEFORE, [], "“sistem” does not exist. Did you mean “system”?"),
        ("a" * 10_000, Moment.BEFORE, ["a"], f"“{'a' * 80}” does not exist."),
        ("firstNme", Moment.BEFORE, None, None),
    ],
)  # fmt: skip
def test_what_surely_cannot_exist_is_named(
    name: str, moment: Moment, known: list[str] | None, message: str | None
) -> None:
    assert [str(unknown) for unknown in scope.unknown_names({name}, moment, known)] == ([message] if message else [])


def test_an_unknown_name_is_listed_once() -> None:
    unknown = scope.unknown_names(["lost.a", "lost.b", "interaction.x"], "before", ["kept"])

    assert [item.name for item in unknown] == ["interaction.x", "lost"]
