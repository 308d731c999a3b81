"""Node ``say``: sentences in the answer of a tool, in the agent's language, before everything else."""

from __future__ import annotations

from typing import Any

import pytest

from actions.contract import Moment
from actions.directives import Say
from tests.workflows.support import call_context, graph, node, run_graph, run_node
from workflows.graph import check_graph
from workflows.graph.packed import Packed
from workflows.kinds.workflow import WorkflowKind, WorkflowParams
from workflows.nodes.say import SayNode


def said(text: str, **more: Any) -> tuple[Say, ...]:
    return (Say(text=text, language="en", **more),)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"text": "One moment, {{ name }}."}, "One moment, Ada."),
        ({"text": "Un instant.", "texts": {"en": "One moment."}}, "One moment."),
        ({"text": "One moment.", "texts": {"fr": "Un instant.", "en": " "}}, "One moment."),
    ],
)
async def test_it_speaks_the_agents_language(config: Any, text: str) -> None:
    result, _context = await run_node(SayNode(), config, name="Ada")
    assert result.directives == said(text)


async def test_nothing_to_say_is_no_directive_but_a_warning() -> None:
    result, context = await run_node(SayNode(), {"text": "{{ name }}"}, name="")
    assert (result.directives, len(context.warnings)) == ((), 1)


async def test_the_sentences_of_a_graph_come_in_its_order() -> None:
    result = await run_graph(
        node("one", "say", text="One"),
        node("two", "say", text="Two", while_waiting=True),
        "start > one > two",
        context=call_context(moment=Moment.DURING),
    )
    assert result.directives == said("One") + said("Two", while_waiting=True)


async def test_a_tools_answer_holds_the_sentences() -> None:
    drawn = graph(node("tell", "say", text="Hello"), node("end", "return", result=1), "start > tell > end")
    outcome = await WorkflowKind().run(WorkflowParams(graph=Packed(drawn)), call_context(moment=Moment.DURING), {})
    assert (outcome.directives, outcome.result) == (said("Hello"), 1)


@pytest.mark.parametrize(
    ("config", "moment", "field"),
    [
        ({"text": "Hello"}, "before", "kind"),
        ({"text": "Hello"}, "after", "kind"),
        ({}, "during", "text"),
        ({"texts": {"fr": "Bonjour"}}, "during", "text"),
        ({"text": "x", "texts": {"xx": "?"}}, "during", "texts"),
        ({"text": "{{ nobody }}"}, "during", "text"),
        ({"text": "x", "texts": {"fr": "{{ nobody }}"}}, "during", "texts.fr"),
        ({"text": "{{"}, "during", "text"),
    ],
)
def test_mistakes_are_told_at_the_node(config: Any, moment: str, field: str) -> None:
    errors = check_graph(graph(node("tell", "say", **config), "start > tell"), moment, flat_names=[])
    assert [(error.node_id, error.field) for error in errors] == [("tell", field)]


def test_both_languages_are_enough_without_a_default() -> None:
    drawn = graph(node("tell", "say", texts={"fr": "Bonjour", "en": "Hello"}), "start > tell")
    assert check_graph(drawn, "during", flat_names=[]) == []
