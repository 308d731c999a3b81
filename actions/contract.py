"""The contract between an action kind and those who publish, offer and run it.

Three words that never mix: a *kind* is code (a subclass of :class:`Kind`), an *action* is a configured
row (a subclass of ``actions.models.Action``), a *run* is a record (``calls.models.Run``).
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict

from actions.directives import Directive

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from actions.messages import MessageBefore
    from actions.models import Action

JSON = Any
"""A value that ``json.dumps`` takes: None, bool, int, float, str, list or dict of these."""

BEFORE_LIMIT_S = 30.0
"""No before-action may take longer: the caller hears ringing."""


_CONTACT, _OPEN = re.compile(r"\bcontact\b"), re.compile(r"\bopen\b")


class Moment(TextChoices):
    BEFORE = "before", _("Before the call")
    DURING = "during", _("During the call")
    AFTER = "after", _("After the call")


class ActionError(Exception):
    """What a kind raises when it cannot do its work.

    ``code`` is a stable word for machines (``timed_out``, ``upstream_error`` …), ``message`` a sentence for
    the operator who reads the run, ``spoken`` what the model may tell the caller. ``permanent`` says that
    a retry cannot help: an after-call run then goes straight to ``dead``. ``retry_after_s``: a provider asks to be left
    alone for so long; an after-call run comes back no sooner, and for a day that costs it none of its attempts.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "failed",
        permanent: bool = False,
        spoken: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.permanent = permanent
        self.spoken = spoken
        self.retry_after_s = retry_after_s


class Deferred(Exception):
    """What a kind raises after the call when its work is not due yet: neither a failure nor an attempt.

    The run waits until ``until`` (aware) and begins again then; ``reason`` is a sentence for the operator.
    """

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason


class FreezeError(Exception):
    """An action cannot be published: ``errors`` maps a field of its model to sentences for the editor."""

    def __init__(self, errors: Mapping[str, Sequence[StrOrPromise]]) -> None:
        super().__init__(str({name: [str(text) for text in texts] for name, texts in errors.items()}))
        self.errors = {name: list(texts) for name, texts in errors.items()}


class Params(BaseModel):
    """Base of every kind's frozen parameters: what a release stores of an action (as JSON)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point of the monotonic clock that everything under it inherits."""

    at_s: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    def remaining_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at_s - time.monotonic())

    def sooner(self, seconds: float) -> Deadline:
        """This deadline, or ``seconds`` from now if that comes first."""
        return Deadline(min(self.at_s, time.monotonic() + seconds))


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What a running action may know of its agent; ``language`` is ``fr`` or ``en``, ``time_zone`` IANA.

    ``opening_hours_id`` names the schedule of its opening hours; None: always open.
    """

    id: int
    slug: str
    name: str
    language: str
    time_zone: str
    opening_hours_id: int | None = None


@dataclass(slots=True)
class CallContext:
    """What the runner hands to a kind for one run.

    ``scope`` holds the names that templates and conditions see (``actions.expressions.scope``).
    ``attempt`` counts from 1: during the call, which run of this action in this call it is, failed ones apart;
    after it, which try of the run this is. ``earlier`` (during the call, for ``run``) holds the ``progress`` of those
    runs before it, the oldest first. ``idempotency_key`` stays the same over every try of one run. ``progress`` is
    what an earlier :class:`Outcome` of this run said of itself, for ``observe``. ``secrets`` (during the call) are
    values in ``scope`` that no record of the kind's own may show. ``trace`` and ``warnings`` are kept
    on the run, also when the kind raises.
    """

    call_id: UUID
    run_id: UUID
    account_id: int
    agent: AgentFacts
    moment: Moment
    action_name: str
    scope: Mapping[str, JSON]
    deadline: Deadline
    attempt: int
    idempotency_key: str
    progress: JSON = None
    earlier: Sequence[JSON] = ()
    secrets: Sequence[str] = ()
    trace: list[dict[str, JSON]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gives back.

    ``result`` is for the model, ``directives`` for the runtime, ``variables`` are merged into the call's
    parameters, ``secrets`` (during the call only; text by name) are variables, too, that later runs of the call see
    and no record, model or log does, until the call ends. ``agent_configuration`` (before the call only) overrides
    parts of the runtime's agent.
    ``skipped`` is the reason why nothing was done (an email whose condition does not hold). ``fail_over``
    (before the call only) is the reason why the agent must not take the call: no further action runs.
    ``progress`` (during the call only) is what the kind must remember of this run until the next event: kept on
    the run, shown with it, handed back as ``context.progress``; None leaves it as it is. Nothing secret belongs there.
    ``external_ids`` (after the call only) is what other systems call the call, by name of the system.
    """

    result: JSON = None
    directives: tuple[Directive, ...] = ()
    variables: Mapping[str, JSON] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    agent_configuration: Mapping[str, JSON] | None = None
    skipped: str = ""
    fail_over: str = ""
    progress: JSON = None
    external_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallEvent:
    """An event that the runtime reported during the call, e.g. ``transfer.no_answer``."""

    type: str
    data: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Invocation:
    """Run the during-action ``name`` with ``arguments``, without asking the model."""

    name: str
    arguments: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A during-action of the release being made: ``arguments`` is its JSON Schema, None while it has errors itself;
    ``keys`` are those of its menu.
    """

    kind: str
    arguments: Mapping[str, JSON] | None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyMenu:
    """Keys that the caller may press at any time of the call, and what announces them, by language."""

    keys: tuple[str, ...]
    announcement: Mapping[str, str]


P = TypeVar("P", bound=Params)


class Kind(ABC, Generic[P]):
    """A type of action. One module holds everything of it; ``actions.registry.register`` admits it.

    ``fields`` names the columns of ``model`` that an editor fills in, in the order in which forms and the
    API show them. ``nested`` names reverse relations edited together with the action (``destinations``).
    ``reads_only`` tells models that the tool changes nothing anywhere.
    ``admin_class`` and ``serializer_class`` are dotted paths, needed only where the generic ones do not do.
    """

    name: ClassVar[str]
    label: ClassVar[StrOrPromise]
    summary: ClassVar[StrOrPromise]
    icon: ClassVar[str]
    moments: ClassVar[frozenset[Moment]]
    Params: ClassVar[type[Params]]
    fields: ClassVar[tuple[str, ...]] = ()
    nested: ClassVar[tuple[str, ...]] = ()
    once_per_agent: ClassVar[bool] = False
    rehearses: ClassVar[bool] = False
    reads_only: ClassVar[bool] = False
    admin_class: ClassVar[str] = "actions.admin.actions.KindAdmin"
    serializer_class: ClassVar[str] = ""

    @property
    @abstractmethod
    def model(self) -> type[Action]:
        """The model row that this kind is configured in."""

    @abstractmethod
    def freeze(self, action: Any) -> P:
        """Compile a row into parameters; raises :class:`FreezeError` with every error of the row."""

    def neighbour_errors(self, params: P, name: str, tools: Mapping[str, Tool]) -> Mapping[str, Sequence[StrOrPromise]]:
        """What is wrong with this action, called ``name``, among the agent's other during-actions, by field.

        Asked on publishing, once all of them are frozen.
        """
        return {}

    def missing(self, params: P, account_id: int) -> list[str]:
        """A sentence for each row that frozen parameters refer to and that the account has no more.

        Asked before an earlier version is published again, inside the account's scope.
        """
        return []

    def in_words(self, name: str, value: JSON) -> tuple[StrOrPromise, StrOrPromise] | None:
        """(label, sentence) for people, of a frozen parameter that says nothing by itself; None: shown as it is.

        With an empty sentence it is not shown.
        """
        return None

    def draft(self, action: Any, changes: JSON = None) -> P:
        """What the row would be frozen to now, with ``changes`` that an editor has not saved yet; what these
        are, each kind says. Raises :class:`FreezeError`.
        """
        return self.freeze(action)

    async def rehearse(self, params: P, context: CallContext, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
        """Do it once more for an editor who watches, and tell how it went; for kinds that ``rehearses``."""
        raise NotImplementedError

    @abstractmethod
    async def run(self, params: P, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        """Do it; raises :class:`ActionError`. May be cancelled at ``context.deadline``."""

    def arguments_schema(self, params: P, language: str) -> dict[str, JSON]:
        """JSON Schema (draft 2020-12) of the arguments that the model gives; during the call only."""
        return {"type": "object", "properties": {}, "additionalProperties": False}

    def default_description(self, language: str) -> str:
        """What the model is told when the editor left the description empty; '' demands one."""
        return ""

    def offers_tool(self, params: P) -> bool:
        """During the call: whether the model is offered a tool. A menu of keys works without the model."""
        return True

    def message_before(self, params: P, language: str) -> MessageBefore | None:
        """During the call: what the agent says before it uses the tool; None: nothing."""
        return None

    def reads_contact(self, params: P) -> bool:
        """Whether a run needs what the account knows of the caller (the name ``contact``), which costs a look-up.

        Asked once, when a plan is loaded. Better once too often than not at all: the word alone is enough.
        """
        return _CONTACT.search(params.model_dump_json()) is not None

    def reads_open(self, params: P) -> bool:
        """The same for the agent's opening hours (the name ``open``)."""
        return _OPEN.search(params.model_dump_json()) is not None

    def time_limit_s(self, params: P) -> float:
        """How long one run may take; the runner caps it by the moment's own limit."""
        return 20.0

    def defaults_on_failure(self, params: P) -> Mapping[str, JSON]:
        """Variables merged in place of an outcome when a before-action fails or is too slow."""
        return {}

    def observe(self, params: P, context: CallContext, event: CallEvent) -> Outcome | None:
        """What an event means to the run that caused it (a transfer nobody answered); None: nothing.

        Called inside the event's transaction with the run's row locked: two events of one run come one after the
        other, each seeing the ``progress`` that the one before it left. The outcome's result and directives go
        into the answer to the event, its variables into the call's parameters.
        """
        return None

    def react(self, params: P, context: CallContext, event: CallEvent) -> Invocation | None:
        """What an event asks for that belongs to no run (a key pressed in a menu); None: nothing."""
        return None

    def hides(self, params: P) -> frozenset[str]:
        """Members of arguments and directives that records of a run show masked; the live answer has them."""
        return frozenset()

    def menu(self, params: P) -> KeyMenu | None:
        """The menu of keys that a call has from its beginning because of this action."""
        return None

    def kept_event(self, params: P, event: CallEvent) -> CallEvent:
        """The event as records may keep it: with what must not be read again (secret digits) masked."""
        return event
