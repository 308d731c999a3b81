"""The contract between a kind of node and those who check, draw and run it.

A *node* is one step of a workflow; its *kind* is code: one module of this package, a subclass of
:class:`NodeKind` that ``workflows.nodes.registry.register`` admits. The form that an editor shows is described
beside the code that uses it (``fields``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from actions.contract import JSON, ActionError, CallContext, Deadline, Moment
from actions.directives import Directive

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NEXT = "next"
"""The normal way out of a node: what an edge without ``output`` means."""

ERROR = "error"
"""The way out of a node that failed, where an edge takes it; also the variable that tells what failed."""

Widget = Literal[
    "text", "textarea", "template", "textarea-template", "json", "json-template", "number", "boolean",
    "select", "auth-profile-select", "workflow-select", "source-select",
    "key-value", "mapping-rows", "variable-rows", "status-list", "cases", "per-language-texts", "hidden",
]  # fmt: skip
"""How an editor shows a setting. docs/workflows.md says what each one holds as JSON."""


class NodeConfig(BaseModel):
    """Base of every kind's configuration; compiled templates are cached properties of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Options = Sequence[tuple[str, "StrOrPromise"]]


@dataclass(frozen=True, slots=True)
class FieldForm:
    """How an editor shows the setting ``name``.

    ``options`` are (value, label) of a choice; ``options_for`` asks the account of that id for them, inside
    its scope. ``moments`` are those at which the setting means something; ``unit`` is shown behind a number.
    """

    name: str
    label: StrOrPromise
    widget: Widget
    help: StrOrPromise = ""
    options: Options = ()
    options_for: Callable[[int], Options] | None = None
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    placeholder: StrOrPromise = ""
    required: bool = False
    moments: frozenset[Moment] = frozenset(Moment)


@dataclass(frozen=True, slots=True)
class ReturnValue:
    """What the workflow gives back once a node returns. ``fail_over`` is the reason to give the call up, or ''."""

    parameters: Mapping[str, JSON] = field(default_factory=dict)
    result: JSON = None
    agent_configuration: Mapping[str, JSON] | None = None
    fail_over: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A test from the editor. ``pinned`` gives nodes an answer instead of running them.

    Unless ``live``, nodes that ask or change something outside (``NodeKind.acts``) are not run at all.
    """

    pinned: Mapping[str, JSON] = field(default_factory=dict)
    live: bool = False


@dataclass(slots=True)
class NodeContext:
    """What the engine hands to a node for its one run.

    ``scope`` holds the call's names and, flat, the variables that the nodes before this one have set; a node
    reads it and never writes it. ``input`` is what the trace shows as going in: the node sets it before it
    does anything that may fail, so that it is kept then too. ``warnings`` are sentences for the operator.

    ``node_id`` is unique within the run: a node of a nested workflow has its parent's before it
    (``parent/child``). ``run_nested`` runs the workflow that the node names, with these variables. In a
    ``rehearsal`` a node may tell more in ``meta``: the test shows it, runs do not keep it.
    """

    call: CallContext
    node_id: str
    scope: Mapping[str, JSON]
    input: JSON = None
    warnings: list[str] = field(default_factory=list)
    rehearsal: Rehearsal | None = None
    meta: JSON = None
    run_nested: Callable[[Mapping[str, JSON]], Awaitable[WorkflowResult]] | None = None

    @property
    def deadline(self) -> Deadline:
        """The one deadline of the whole graph."""
        return self.call.deadline


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What a node gives back: the way out, the variables it sets, and the ``data`` that the trace shows.

    ``directives`` are for the runtime; the workflow's answer holds those of all its nodes, in their order.
    """

    output: str = NEXT
    variables: Mapping[str, JSON] = field(default_factory=dict)
    data: JSON = None
    returned: ReturnValue | None = None
    directives: tuple[Directive, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """``variables`` as the returning node saw them; without a ``return``, as they were where the branches end."""

    variables: Mapping[str, JSON]
    returned: ReturnValue = field(default_factory=ReturnValue)
    directives: tuple[Directive, ...] = ()

    @property
    def parameters(self) -> Mapping[str, JSON]:
        return self.returned.parameters

    @property
    def result(self) -> JSON:
        return self.returned.result

    @property
    def agent_configuration(self) -> Mapping[str, JSON] | None:
        return self.returned.agent_configuration

    @property
    def told(self) -> JSON:
        """What the one who ran the workflow is told: the result, or the parameters where there is none."""
        return dict(self.parameters) if self.result is None else self.result


class NodeError(ActionError):
    """A node failed; ``status`` is an upstream's HTTP status, ``data`` what the trace shows of the attempt."""

    def __init__(
        self, message: str, *, code: str, permanent: bool, status: int | None = None, data: JSON = None
    ) -> None:
        super().__init__(message, code=code, permanent=permanent)
        self.status = status
        self.data = data


@dataclass(frozen=True, slots=True)
class NestedUse:
    """A workflow by its ``name``, and the flat names that it is ``given``."""

    name: str
    given: tuple[str, ...] = ()


C = TypeVar("C", bound=NodeConfig)


class NodeKind(ABC, Generic[C]):
    """A kind of node.

    ``waits``: it waits for something outside, so it is worth a task of its own. ``acts``: it asks or changes
    something outside, so a test that is not live does not run it. ``default_config`` is what a new node of
    an editor starts with. ``outputs_vary``: the ways out depend on the configuration. ``draft_only``: settings
    that neither releases nor exports keep.
    """

    name: ClassVar[str]
    label: ClassVar[StrOrPromise]
    summary: ClassVar[StrOrPromise]
    icon: ClassVar[str]
    Config: ClassVar[type[NodeConfig]]
    moments: ClassVar[frozenset[Moment]] = frozenset(Moment)
    fields: ClassVar[tuple[FieldForm, ...]] = ()
    default_config: ClassVar[Mapping[str, JSON]] = {}
    waits: ClassVar[bool] = False
    acts: ClassVar[bool] = False
    outputs_vary: ClassVar[bool] = False
    draft_only: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    async def run(self, config: C, context: NodeContext) -> NodeResult:
        """Do it; raises :class:`NodeError` or ActionError. Gives way at once when it is cancelled."""

    def outputs(self, config: C) -> tuple[str, ...]:
        """The ways out that edges may take; none: the workflow ends here."""
        return (NEXT,)

    def variables(self, config: C) -> tuple[str, ...]:
        """The variables that the node sets."""
        return ()

    def parameters(self, config: C) -> tuple[str, ...]:
        """The parameters that the node gives back to the call."""
        return ()

    def names(self, config: C) -> Mapping[str, frozenset[str]]:
        """The names that each field's expressions read, by path of the field (``mapping.0.path``)."""
        return {}

    def check(self, config: C, moment: Moment | None) -> list[tuple[str, StrOrPromise]]:
        """(path of the field, message) of what is wrong beyond the configuration's types."""
        return []

    def check_in_account(self, config: C, account_id: int) -> list[tuple[str, StrOrPromise]]:
        """The same, for what the account has or has not (names of others). Asks the database, in its scope."""
        return []

    def auth_profiles(self, config: C) -> tuple[str, ...]:
        """The names of the credentials that the node uses."""
        return ()

    def nested(self, config: C) -> NestedUse | None:
        """The other workflow that the node runs, if it is of that kind."""
        return None

    def replay(self, config: C, context: NodeContext, data: JSON) -> NodeResult:
        """The result that the node would have with an answer that a test pinned: its ``data`` of another run."""
        variables = data.get("variables", data) if isinstance(data, Mapping) else {}
        known = self.variables(config)
        return NodeResult(variables={name: variables[name] for name in known if name in variables}, data=data)


AnyNodeKind = NodeKind[Any]
