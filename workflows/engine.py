"""Runs a compiled graph.

A node runs once all its incoming edges are settled, if at least one of them was taken. Branches run in
parallel where they wait for something outside. One deadline and one allowance of processor time for expressions
hold for the whole graph; the first failure or the first ``return`` ends it and cancels what still goes on.

Variables: a node sees what the nodes before it have set, and nothing of what a parallel branch sets. Where
branches meet, each variable takes the value of the writer that comes last in topological order, so the same
answers from outside always give the same variables, whoever was faster.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic, perf_counter

from django.utils.translation import gettext as _

from actions.contract import JSON, ActionError, CallContext
from actions.directives import Directive
from actions.expressions.bounds import run_allowance
from actions.expressions.errors import ExpressionError, ExpressionTimeout
from workflows.graph.compiled import CompiledGraph, Step
from workflows.nodes.base import ERROR, NodeContext, NodeResult, Rehearsal, ReturnValue, WorkflowResult
from workflows.trace import REHEARSAL_CHARS, Presenter

logger = logging.getLogger(__name__)


NOT_LIVE = "not_live"
"""Code of the error of a node that a test has not run; no branch takes it."""

MOST_NODES = 1000
"""Nodes that one run may begin, those of nested workflows included."""

YIELD_AFTER_S = 0.002
"""After a node that took longer, everything else that runs in this thread gets a turn."""


async def execute(
    graph: CompiledGraph, context: CallContext, variables: Mapping[str, JSON], rehearsal: Rehearsal | None = None
) -> WorkflowResult:
    """Run ``graph``; ``variables`` are the flat names it starts with.

    Raises ActionError: a node's own, naming the node, or ``timed_out``. ``context.trace`` receives one entry
    for each node that was begun or settled as not taken, also when this raises or is cancelled: ``node``,
    ``kind``, ``title``, ``started_ms`` (from the graph's start), ``duration_ms``, ``state`` (``succeeded``,
    ``failed``, ``cancelled``, ``not_taken``), ``branch`` (the way out), ``input``, ``output``, ``error``; in a
    rehearsal also ``pinned`` and what the node tells in ``meta``.
    """
    execution = _Execution(graph, _Run(context, rehearsal), variables)
    try:
        with run_allowance(context.deadline.at_s):
            async with asyncio.timeout(context.deadline.remaining_s()):
                await execution.run()
    except TimeoutError:
        raise _timed_out() from None
    return execution.result()


class _Run:
    """What a workflow and those nested in it share."""

    def __init__(self, context: CallContext, rehearsal: Rehearsal | None) -> None:
        self.context = context
        self.rehearsal = rehearsal
        self.presenter = Presenter() if rehearsal is None else Presenter(*REHEARSAL_CHARS)
        self.began_s = perf_counter()
        self.begun = 0

    def begin_node(self) -> None:
        """Raises ActionError where no further node may begin."""
        if monotonic() >= self.context.deadline.at_s:
            raise _timed_out()
        self.begun += 1
        if self.begun > MOST_NODES:
            text = _("The workflow and those that it runs have more than %(most)d steps.") % {"most": MOST_NODES}
            raise ActionError(text, code="too_many_steps", permanent=True)


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

    def __init__(self, graph: CompiledGraph, shared: _Run, variables: Mapping[str, JSON], path: str = "") -> None:
        self.steps = graph.steps
        self.shared = shared
        self.context = shared.context
        self.presenter = shared.presenter
        self.path = path
        self.unsettled = [step.incoming for step in graph.steps]
        # What the taken edges into each node bring. The start comes first and alone has no edge into it.
        self.arrived: list[list[_View]] = [[] for _step in graph.steps]
        self.arrived[0].append(_View({**self.context.scope, **variables}, dict.fromkeys(variables, -1)))
        self.ready = deque([0])
        self.tasks: dict[asyncio.Task[tuple[NodeResult, _View]], int] = {}
        self.ends: list[_View] = []
        self.returned: ReturnValue | None = None
        self.directives: list[tuple[int, tuple[Directive, ...]]] = []

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
        in_order = sorted(self.directives, key=lambda each: each[0])
        return WorkflowResult(
            _merged(self.ends).variables(),
            self.returned or ReturnValue(),
            tuple(directive for _position, directives in in_order for directive in directives),
        )

    async def _begin(self, position: int) -> None:
        """Run the node here, or in a task if it waits while others can go on."""
        if self.steps[position].kind.waits and (self.ready or self.tasks):
            self.tasks[asyncio.create_task(self._run_node(position))] = position
            return
        began_s = perf_counter()
        self._finish(position, *await self._run_node(position))
        if perf_counter() - began_s > YIELD_AFTER_S and self.returned is None:
            await asyncio.sleep(0)

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
        self.shared.begin_node()
        step = self.steps[position]
        view = _merged(self.arrived[position])
        node = NodeContext(self.context, self.path + step.id, view.scope, rehearsal=self.shared.rehearsal)
        if step.nested is not None:
            node.run_nested = partial(self._run_nested, step.nested, node.node_id)
        started_s = perf_counter()
        entry = self._enter(step, started_s)
        try:
            result = await self._result_of(step, node, entry)
            entry["state"] = "succeeded"
        except Exception as exception:
            result = self._fail(step, entry, exception)
        finally:
            entry["duration_ms"] = _ms(perf_counter() - started_s)
            entry["input"] = self.presenter.show(node.input)
            if node.meta is not None:
                entry["meta"] = self.presenter.show(node.meta)
            if node.warnings:
                self.context.warnings += [f"{step.title}: {text}" for text in node.warnings]
        entry["branch"] = result.output
        entry["output"] = self.presenter.show(result.data)
        return result, view.written(result.variables, position) if result.variables else view

    async def _result_of(self, step: Step, node: NodeContext, entry: dict[str, JSON]) -> NodeResult:
        if node.rehearsal is not None:
            if entry.setdefault("pinned", node.node_id in node.rehearsal.pinned):
                return step.kind.replay(step.config, node, node.rehearsal.pinned[node.node_id])
            if step.kind.acts and not node.rehearsal.live:
                raise ActionError(_("Nothing is sent in this test: pin an answer, or test live."), code=NOT_LIVE)
        return await step.kind.run(step.config, node)

    async def _run_nested(self, graph: CompiledGraph, node_id: str, variables: Mapping[str, JSON]) -> WorkflowResult:
        nested = _Execution(graph, self.shared, variables, f"{node_id}/")
        await nested.run()
        return nested.result()

    def _enter(self, step: Step, started_s: float, state: str = "cancelled") -> dict[str, JSON]:
        """A new entry; a node counts as cancelled until it has ended, so the trace is right whatever happens."""
        entry = {
            "node": self.path + step.id,
            "kind": step.kind.name,
            "title": step.title,
            "started_ms": _ms(started_s - self.shared.began_s),
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
        if isinstance(exception, ExpressionTimeout) and not self.context.deadline.remaining_s():
            error = _timed_out()
        else:
            error = _action_error(step, exception)
        facts = {"code": error.code, "message": error.message, "status": getattr(error, "status", None)}
        data = getattr(error, "data", None)
        entry["state"] = "failed"
        entry["error"] = self.presenter.show(facts)
        if step.has_error_branch and error.code != NOT_LIVE:
            return NodeResult(ERROR, variables={ERROR: facts}, data=data)
        entry["output"] = self.presenter.show(data)
        text = _("Step “%(title)s”: %(problem)s") % {"title": step.title, "problem": error.message}
        raise ActionError(text, code=error.code, permanent=error.permanent, spoken=error.spoken) from exception

    def _finish(self, position: int, result: NodeResult, view: _View) -> None:
        """Settle the edges out of a node that has run."""
        step = self.steps[position]
        self.returned = result.returned
        if result.directives:
            self.directives.append((position, result.directives))
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
