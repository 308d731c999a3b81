"""What all evaluations of one run may use together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import copy_context

import pytest

from actions.expressions.bounds import run_allowance
from actions.expressions.conditions import Condition
from actions.expressions.errors import ExpressionTimeout
from actions.expressions.paths import Path
from actions.expressions.templates import Template, compile_json

LOOPS = "{% for a in range(50) %}{% for b in range(50) %}{% if (a ~ b) == '' %}x{% endif %}{% endfor %}{% endfor %}"

EVALUATIONS: dict[str, Callable[[], object]] = {
    "text": lambda: Template.parse("{{ a }}!").render({"a": 1}, []),
    "value": lambda: Template.parse("{{ a }}").value({"a": 1}, []),
    "json": lambda: compile_json({"x": "{{ a }}"}).value({"a": 1}, []),
    "condition": lambda: Condition.parse("a == 1").holds({"a": 1}, []),
    "path": lambda: Path.parse("$..a").all({"a": 1}),
}


@pytest.mark.parametrize("evaluation", EVALUATIONS.values(), ids=EVALUATIONS)
def test_every_evaluation_ends_with_it(evaluation: Callable[[], object]) -> None:
    with (
        run_allowance(time.monotonic() + 60, cpu_s=0.0),
        pytest.raises(ExpressionTimeout, match="of the workflow take too long together"),
    ):
        evaluation()
    with (
        run_allowance(time.monotonic() - 1),
        pytest.raises(ExpressionTimeout, match="did not end in time"),
    ):
        evaluation()
    evaluation()


def test_evaluations_add_up() -> None:
    loops = Template.parse(LOOPS)
    loops.render({}, [])

    def go_on() -> None:
        for _turn in range(1000):
            loops.render({}, [])

    began_s = time.thread_time()
    with run_allowance(time.monotonic() + 60, cpu_s=0.15), pytest.raises(ExpressionTimeout, match="together"):
        go_on()
    assert 0.1 < time.thread_time() - began_s < 1


def test_an_evaluation_stops_at_the_deadline() -> None:
    data = {"rows": [{"name": "a" * 50} for _row in range(20_000)]}
    began_s = time.monotonic()
    with run_allowance(began_s + 0.03), pytest.raises(ExpressionTimeout, match="did not end in time"):
        Path.parse("$..[?@.name == 'b']").all(data)
    assert time.monotonic() - began_s < 5


def test_plain_values_do_not_use_it_up() -> None:
    plain = Template.parse("{{ a }}")
    with run_allowance(time.monotonic() + 60):
        for _turn in range(5_000):
            plain.value({"a": 1}, [])


def test_a_run_within_a_run_shares_it() -> None:
    plain = Template.parse("{{ a }}")
    with (
        run_allowance(time.monotonic() + 60, cpu_s=0.0),
        run_allowance(time.monotonic() + 60),
        pytest.raises(ExpressionTimeout),
    ):
        plain.value({"a": 1}, [])


def test_what_a_run_has_left_behind_is_bound_no_longer() -> None:
    plain = Template.parse("{{ a }}")
    with run_allowance(time.monotonic() + 60, cpu_s=0.0):
        left_behind = copy_context()
    assert left_behind.run(plain.value, {"a": 1}, []) == 1


async def test_tasks_and_threads_of_a_run_share_it() -> None:
    loops = Template.parse(LOOPS)

    async def go_on() -> None:
        for _turn in range(10):
            await asyncio.to_thread(loops.render, {}, [])

    with run_allowance(time.monotonic() + 60, cpu_s=0.1):
        results = await asyncio.gather(*(asyncio.create_task(go_on()) for _task in range(4)), return_exceptions=True)
    assert all(isinstance(result, ExpressionTimeout) for result in results)
