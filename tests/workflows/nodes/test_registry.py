"""Kinds of node: all are found, half-written ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from actions.contract import Moment
from tests.workflows.support import Script, ScriptedConfig, ScriptedNode
from workflows.nodes import registry
from workflows.nodes.base import FieldForm, NodeConfig, NodeContext, NodeKind, NodeResult
from workflows.nodes.registry import NodeRegistry, discover


def test_all_kinds_are_found() -> None:
    assert {kind.name for kind in discover()} == {
        *("start", "api_request", "set_variable", "decision", "say", "search_knowledge"),
        *("update_contact", "run_workflow", "return"),
    }


def test_every_kind_has_a_test_module() -> None:
    for kind in discover():
        name = type(kind).__module__.rpartition(".")[2]
        assert (Path(__file__).parent / f"test_{name}.py").is_file()


def test_kinds_can_be_asked_for_by_moment() -> None:
    assert {kind.name for kind in discover().for_moment("before")} >= {"start", "return"}
    assert discover().for_moment(Moment.DURING) == discover().for_moment("during")


class Config(NodeConfig):
    text: str = ""


class Whole(NodeKind[Config]):
    name = "whole"
    label = "Whole"
    summary = "Everything is there."
    icon = "check"
    Config = Config
    fields = (FieldForm("text", "Text", "text"),)

    async def run(self, config: Config, context: NodeContext) -> NodeResult:
        return NodeResult()


def without(attribute: str) -> type[Any]:
    members = {name: value for name, value in vars(Whole).items() if name not in (attribute, "__dict__", "__weakref__")}
    return type("Half", (NodeKind,), members)


class Thawed(NodeConfig):
    model_config = {"frozen": False}


HALVES = {
    **{f"{name} is missing": without(name) for name in ("name", "label", "summary", "icon", "Config")},
    "run not written": without("run"),
    "run must be a coroutine function": type("Half", (Whole,), {"run": lambda self, config, context: NodeResult()}),
    "moments must hold": type("Half", (Whole,), {"moments": frozenset()}),
    "Config must be a frozen NodeConfig": type("Half", (Whole,), {"Config": Thawed}),
    "the form does not show text": type("Half", (Whole,), {"fields": ()}),
    "the form shows colour": type("Half", (Whole,), {"fields": (*Whole.fields, FieldForm("colour", "Colour", "text"))}),
}


@pytest.mark.parametrize(("complaint", "half"), HALVES.items(), ids=HALVES)
def test_a_half_written_kind_is_refused(complaint: str, half: type[Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint):
        NodeRegistry().register(half)


def test_a_whole_kind_is_admitted_once() -> None:
    kinds = NodeRegistry()

    assert kinds.register(Whole) is Whole
    assert "whole" in kinds
    with pytest.raises(ImproperlyConfigured, match="Two kinds"):
        kinds.register(Whole)


def test_discovery_walks_once() -> None:
    assert discover() is discover() is registry.node_kinds


def test_the_scripted_kind_of_tests_is_whole_but_for_its_form() -> None:
    assert ScriptedNode(Script()).outputs(ScriptedConfig()) == ("next", "error")
