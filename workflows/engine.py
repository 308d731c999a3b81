"""Runs a compiled graph.

A node runs once all its incoming edges are settled, if at least one of them was taken. Branches run in
parallel where they wait for something outside. One deadline holds for the whole graph; the first failure
or the first ``return`` ends it and cancels what still goes on.

Variables: a node sees what the nodes before it have set, and nothing of what a parallel branch sets. Where
branches meet, each variable takes the value of the writer that comes last in topological order, so the same
answers from outside always give the same variables, whoever was faster.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic, perf_counter

from django.utils.translation import gettext as _

from actions.contract import JSON, ActionError, CallContext
from actions.expressions.errors import ExpressionError
from workflows.graph.compiled import CompiledGraph, Step
from workflows.nodes.base import ERROR, NodeContext, NodeResult, ReturnValue
from workflows.trace import Presenter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """``variables`` as the returning node saw them; without a ``return``, as they were where the branches end."""

    variables: Mapping[str, JSON]
    parameters: Mapping[str, JSON] = field(default_factory=dict)
    result: JSON = None
    agent_configuration: Mapping[str, JSON] | None = None


async def execute(graph: CompiledGraph, context: CallContext, variables: Mapping[str, JSON]) -> WorkflowResult:
    """Run ``graph``; ``variables`` are the flat names it starts with.

    Raises ActionError: a node's own, naming the node, or ``timed_out``. ``context.trace`` receives one entry
    for each node that was begun or settled as not taken, also when this raises or is cancelled: ``node``,
    ``kind``, ``title``, ``started_ms`` (from the graph's start), ``duration_ms``, ``state`` (``succeeded``,
    ``failed``, ``cancelled``, ``not_taken``), ``branch`` (the way out), ``input``, ``output``, ``error``.
    """
    execution = _Execution(graph, context, variables)
    try:
        async with asyncio.timeout(context.deadline.remaining_s()):
            await execution.run()
    except TimeoutError:
        raise _timed_out() from None
    return execution.result()


@dataclass(slots=True)
class _View:
    """The names that a node sees. ``writers`` maps each variable to the position of the node that set it.

    ``shared``: more than one node sees this very object, so whoever writes copies it first.
    """

    scope: dict[str, JSON]
    writers: dict[str, int]
    shared: bool = False

    def written(self, variables: Mapping[str, JSON], writer: int) -> _View:
        """A view with ``variables`` set: this one, if nobody else sees it."""
        view = _View(dict(self.scope), dict(self.writers)) if self.shared else self
        view.scope.update(variables)
        view.writers.update(dict.fromkeys(variables, writer))
        return view

    def variables(self) -> dict[str, JSON]:
        return {name: self.scope[name] for name in self.writers}


def _merged(views: list[_View]) -> _View:
    """What a join sees: of each variable the value whose writer comes last in topological order."""
    if len(views) == 1:
        return views[0]
    merged = _View(dict(views[0].scope), dict(views[0].writers))
    for view in views[1:]:
        for name, writer in view.writers.items():
            if writer > merged.writers.get(name, -2):
                merged.writers[name] = writer
                merged.scope[name] = view.scope[name]
    return merged


class _Execution:
    """One run of a graph. Nodes are known by their position in topological order."""

    def __init__(self, graph: CompiledGraph, context: CallContext, variables: Mapping[str, JSON]) -> None:
        self.steps = graph.steps
        self.context = context
        self.presenter = Presenter()
        self.began_s = perf_counter()
        self.unsettled = [step.incoming for step in graph.steps]
        # What the taken edges into each node bring. The start comes first and alone has no edge into it.
        self.arrived: list[list[_View]] = [[] for _step in graph.steps]
        self.arrived[0].append(_View({**context.scope, **variables}, dict.fromkeys(variables, -1)))
        self.ready = deque([0])
        self.tasks: dict[asyncio.Task[tuple[NodeResult, _View]], int] = {}
        self.ends: list[_View] = []
        self.returned: ReturnValue | None = None

    async def run(self) -> None:
        try:
            while self.returned is None:
                if self.ready:
                    await self._begin(self.ready.popleft())
                elif self.tasks:
                    await self._wait()
                else:
                    break
        finally:
            await self._cancel_tasks()

    def result(self) -> WorkflowResult:
        variables = _merged(self.ends).variables()
        if self.returned is None:
            return WorkflowResult(variables)
        returned = self.returned
        return WorkflowResult(variables, returned.parameters, returned.result, returned.agent_configuration)

    async def _begin(self, position: int) -> None:
        """Run the node here, or in a task if it waits while others can go on."""
        if self.steps[position].kind.waits and (self.ready or self.tasks):
            self.tasks[asyncio.create_task(self._run_node(position))] = position
        else:
            self._finish(position, *await self._run_node(position))

    async def _wait(self) -> None:
        done, _pending = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(done, key=self.tasks.__getitem__):
            if self.returned is None:
                self._finish(self.tasks.pop(task), *task.result())

    async def _cancel_tasks(self) -> None:
        if self.tasks:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _run_node(self, position: int) -> tuple[NodeResult, _View]:
        """Run one node and write its entry; raises what ends the graph."""
        if monotonic() >= self.context.deadline.at_s:
            raise _timed_out()
        step = self.steps[position]
        view = _merged(self.arrived[position])
        node = NodeContext(self.context, step.id, view.scope)
        started_s = perf_counter()
        entry = self._enter(step, started_s)
        try:
            result = await step.kind.run(step.config, node)
            entry["state"] = "succeeded"
        except Exception as exception:
            result = self._fail(step, entry, exception)
        finally:
            entry["duration_ms"] = _ms(perf_counter() - started_s)
            entry["input"] = self.presenter.show(node.input)
            if node.warnings:
                self.context.warnings += [f"{step.title}: {text}" for text in node.warnings]
        entry["branch"] = result.output
        entry["output"] = self.presenter.show(result.data)
        return result, view.written(result.variables, position) if result.variables else view

    def _enter(self, step: Step, started_s: float, state: str = "cancelled") -> dict[str, JSON]:
        """A new entry; a node counts as cancelled until it has ended, so the trace is right whatever happens."""
        entry = {
            "node": step.id,
            "kind": step.kind.name,
            "title": step.title,
            "started_ms": _ms(started_s - self.began_s),
            "duration_ms": 0.0,
            "state": state,
            "branch": None,
            "input": None,
            "output": None,
            "error": None,
        }
        self.context.trace.append(entry)
        return entry

    def _fail(self, step: Step, entry: dict[str, JSON], exception: Exception) -> NodeResult:
        """What a failed node comes to: its error branch, or the error that ends the graph."""
        error = _action_error(step, exception)
        facts = {"code": error.code, "message": error.message, "status": getattr(error, "status", None)}
        data = getattr(error, "data", None)
        entry["state"] = "failed"
        entry["error"] = self.presenter.show(facts)
        if step.has_error_branch:
            return NodeResult(ERROR, variables={ERROR: facts}, data=data)
        entry["output"] = self.presenter.show(data)
        text = _("Step “%(title)s”: %(problem)s") % {"title": step.title, "problem": error.message}
        raise ActionError(text, code=error.code, permanent=error.permanent, spoken=error.spoken) from exception

    def _finish(self, position: int, result: NodeResult, view: _View) -> None:
        """Settle the edges out of a node that has run."""
        step = self.steps[position]
        self.returned = result.returned
        taken = [target for output, target in step.edges if output == result.output]
        if self.returned is not None:
            # Nothing that other branches have set is part of what this node returns.
            self.ends = [view]
        elif not taken:
            self.ends.append(view)
        view.shared = view.shared or len(taken) > 1
        for output, target in step.edges:
            self._settle(target, view if output == result.output else None)

    def _settle(self, target: int, view: _View | None) -> None:
        """One edge into ``target`` is settled: taken with what the source saw, or not taken (None)."""
        if view is not None:
            self.arrived[target].append(view)
        self.unsettled[target] -= 1
        if self.unsettled[target]:
            return
        if self.arrived[target]:
            self.ready.append(target)
            return
        step = self.steps[target]
        self._enter(step, perf_counter(), "not_taken")
        for _output, after in step.edges:
            self._settle(after, None)


def _action_error(step: Step, exception: Exception) -> ActionError:
    if isinstance(exception, ActionError):
        return exception
    if isinstance(exception, ExpressionError):
        return ActionError(exception.message, code="expression_failed", permanent=True)
    logger.exception("A node of kind %s broke", step.kind.name, exc_info=exception)
    return ActionError(_("This step broke down; the cause is in the server's log."), code="internal_error")


def _timed_out() -> ActionError:
    return ActionError(_("The workflow did not end in time."), code="timed_out")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
