"""The contract between a kind of node and those who check, draw and run it.

A *node* is one step of a workflow; its *kind* is code: one module of this package, a subclass of
:class:`NodeKind` that ``workflows.nodes.registry.register`` admits. The form that an editor shows is described
beside the code that uses it (``fields``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from actions.contract import JSON, ActionError, CallContext, Deadline, Moment

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NEXT = "next"
"""The normal way out of a node: what an edge without ``output`` means."""

ERROR = "error"
"""The way out of a node that failed, where an edge takes it; also the variable that tells what failed."""

Widget = Literal[
    "text", "template", "template_json", "template_pairs", "choice", "switch", "number", "seconds",
    "statuses", "mapping", "assignments", "cases",
]  # fmt: skip


class NodeConfig(BaseModel):
    """Base of every kind's configuration; compiled templates are cached properties of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class FieldForm:
    """How an editor shows the setting ``name``."""

    name: str
    label: StrOrPromise
    widget: Widget
    help: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class ReturnValue:
    """What the workflow gives back once a node returns."""

    parameters: Mapping[str, JSON] = field(default_factory=dict)
    result: JSON = None
    agent_configuration: Mapping[str, JSON] | None = None


@dataclass(slots=True)
class NodeContext:
    """What the engine hands to a node for its one run.

    ``scope`` holds the call's names and, flat, the variables that the nodes before this one have set; a node
    reads it and never writes it. ``input`` is what the trace shows as going in: the node sets it before it
    does anything that may fail, so that it is kept then too. ``warnings`` are sentences for the operator.
    """

    call: CallContext
    node_id: str
    scope: Mapping[str, JSON]
    input: JSON = None
    warnings: list[str] = field(default_factory=list)

    @property
    def deadline(self) -> Deadline:
        """The one deadline of the whole graph."""
        return self.call.deadline


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What a node gives back: the way out, the variables it sets, and the ``data`` that the trace shows."""

    output: str = NEXT
    variables: Mapping[str, JSON] = field(default_factory=dict)
    data: JSON = None
    returned: ReturnValue | None = None


class NodeError(ActionError):
    """A node failed; ``status`` is an upstream's HTTP status, ``data`` what the trace shows of the attempt."""

    def __init__(
        self, message: str, *, code: str, permanent: bool, status: int | None = None, data: JSON = None
    ) -> None:
        super().__init__(message, code=code, permanent=permanent)
        self.status = status
        self.data = data


C = TypeVar("C", bound=NodeConfig)


class NodeKind(ABC, Generic[C]):
    """A kind of node. ``waits`` says that it waits for something outside: worth a task of its own."""

    name: ClassVar[str]
    label: ClassVar[StrOrPromise]
    summary: ClassVar[StrOrPromise]
    icon: ClassVar[str]
    Config: ClassVar[type[NodeConfig]]
    moments: ClassVar[frozenset[Moment]] = frozenset(Moment)
    fields: ClassVar[tuple[FieldForm, ...]] = ()
    waits: ClassVar[bool] = False

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


AnyNodeKind = NodeKind[Any]
