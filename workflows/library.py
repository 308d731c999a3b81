"""The workflows that a workflow runs, and all that keeps a draft from being published in its account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from actions.contract import JSON, Moment
from workflows.graph import Graph, GraphError, GraphInvalidError, check_graph, parse_graph
from workflows.nodes.base import NestedUse
from workflows.nodes.registry import discover

MOST_DEPTH = 5
"""How many workflows may run one inside the other, the first one not counted."""


@dataclass(slots=True)
class Draft:
    """``graphs`` are those of all workflows that the draft runs, by name; ``errors`` say what is wrong."""

    graphs: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[GraphError] = field(default_factory=list)


def check_draft(
    graph: JSON,
    *,
    account_id: int,
    name: str = "",
    moment: Moment | str | None = None,
    flat_names: Iterable[str] | None = None,
) -> Draft:
    """What ``check_graph`` finds, and what the account decides: names of credentials and of other workflows.

    ``name`` is the draft's own, by which others run it. Call it inside the account's scope.
    """
    draft = Draft(errors=check_graph(graph, moment, flat_names=flat_names))
    try:
        parsed = parse_graph(graph)
    except GraphInvalidError:
        return draft
    draft.errors += _account_errors(parsed, account_id)
    shelf = _Shelf(account_id, moment, None if flat_names is None else frozenset(flat_names))
    for node_id, use in _uses(parsed):
        try:
            shelf.height(use.name, [name] if name else [])
        except _NotRunnableError as problem:
            draft.errors.append(GraphError(node_id, "workflow", str(problem)))
            continue
        draft.errors += [GraphError(node_id, "workflow", text) for text in dict.fromkeys(shelf.problems(use))]
    draft.graphs = {each: release_graph(row) for each, row in shelf.graphs.items() if row is not None}
    return draft


def release_graph(graph: JSON) -> dict[str, Any]:
    """A copy without what only drafts have, such as the data of tests. The graph is of the right shape."""
    copy: dict[str, Any] = deepcopy(graph)
    for node in copy["nodes"]:
        kind = discover().get(node["kind"]) if node["kind"] in discover() else None
        for name in kind.draft_only if kind else ():
            node.get("config", {}).pop(name, None)
    return copy


def used_names(graph: JSON) -> dict[str, list[str]]:
    """The names of what the account must have for a graph to be published: ``auth_profiles``, ``workflows``."""
    profiles, workflows = set[str](), set[str]()
    for _node_id, kind, config in _configured(parse_graph(graph)):
        profiles.update(kind.auth_profiles(config))
        if use := kind.nested(config):
            workflows.add(use.name)
    return {"auth_profiles": sorted(profiles), "workflows": sorted(workflows)}


def run_by(name: str, others: Iterable[tuple[str, JSON]]) -> list[str]:
    """Which of ``others``, (name, graph), run the workflow ``name``."""
    return [other for other, graph in others if other != name and name in used_names(graph)["workflows"]]


def _configured(graph: Graph) -> Iterator[tuple[str, Any, Any]]:
    """(id, kind, configuration) of the nodes that have sound ones."""
    for node in graph.nodes:
        if node.kind in discover():
            kind = discover().get(node.kind)
            try:
                yield node.id, kind, kind.Config.model_validate(node.config)
            except ValidationError:
                continue


def _uses(graph: Graph) -> Iterator[tuple[str, NestedUse]]:
    for node_id, kind, config in _configured(graph):
        if use := kind.nested(config):
            yield node_id, use


def _account_errors(graph: Graph, account_id: int) -> list[GraphError]:
    return [
        GraphError(node_id, path, str(message))
        for node_id, kind, config in _configured(graph)
        for path, message in kind.check_in_account(config, account_id)
    ]


class _NotRunnableError(ValueError):
    """A named workflow cannot be run from here; says why."""


class _Shelf:
    """The account's workflows, as far as a draft leads to them; each is read and judged once."""

    def __init__(self, account_id: int, moment: Moment | str | None, flat_names: frozenset[str] | None) -> None:
        self.account_id = account_id
        self.moment = moment
        self.flat_names = flat_names
        self.graphs: dict[str, JSON] = {}
        self.uses: dict[str, list[NestedUse]] = {}
        self.heights: dict[str, int] = {}
        self.judged: dict[NestedUse, list[str]] = {}

    def height(self, name: str, path: list[str]) -> int:
        """How many workflows run one inside the other from this one on; raises _NotRunnableError."""
        if name in path:
            names = " → ".join([*path[path.index(name) :], name])
            raise _NotRunnableError(_("These workflows run each other in a circle: %(names)s.") % {"names": names})
        if len(path) > MOST_DEPTH + 1:
            raise self._too_deep()
        if name not in self.heights:
            self._load(name)
            inner = [self.height(use.name, [*path, name]) for use in self.uses[name]]
            self.heights[name] = 1 + max(inner, default=0)
        if self.heights[name] > MOST_DEPTH:
            raise self._too_deep()
        return self.heights[name]

    def problems(self, use: NestedUse) -> list[str]:
        """What is wrong in the workflow, used this way, and in those that it runs, in words."""
        if use not in self.judged:
            self.judged[use] = list(self._own_problems(use))
            for inner in self.uses[use.name]:
                self.judged[use] += [text for text in self.problems(inner) if text not in self.judged[use]]
        return self.judged[use]

    def _own_problems(self, use: NestedUse) -> Iterator[str]:
        names = None if self.flat_names is None else self.flat_names | frozenset(use.given)
        graph = parse_graph(self.graphs[use.name])
        titles = {node.id: node.shown for node in graph.nodes}
        errors = check_graph(graph, self.moment, flat_names=names) + _account_errors(graph, self.account_id)
        for error in errors:
            where = ", ".join(filter(None, [titles.get(error.node_id or ""), error.field]))
            facts = {"name": use.name, "where": where, "problem": error.message}
            yield _("In the workflow “%(name)s” (%(where)s): %(problem)s") % facts

    def _load(self, name: str) -> None:
        from workflows.models import Workflow

        row = Workflow.objects.filter(account_id=self.account_id, name=name).first()
        if row is None:
            raise _NotRunnableError(_("There is no workflow called “%(name)s”.") % {"name": name})
        try:
            self.uses[name] = [use for _node_id, use in _uses(parse_graph(row.graph))]
        except GraphInvalidError as error:
            text = _("The workflow “%(name)s” has mistakes: mend it first.") % {"name": name}
            raise _NotRunnableError(text) from error
        self.graphs[name] = row.graph

    def _too_deep(self) -> _NotRunnableError:
        return _NotRunnableError(
            _("More than %(most)d workflows would run one inside the other.") % {"most": MOST_DEPTH}
        )
