"""What an action before the call may be told besides its kind's own: which results are kept, and what a failure means.

Both are frozen into the release beside the kind's parameters. The cache itself, and the judgement, are ``calls``'.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from pydantic import BaseModel, ConfigDict, Field

from actions.contract import Moment
from actions.expressions.errors import ExpressionError
from actions.expressions.paths import Path
from actions.messages import missing_text, said, validate_texts
from actions.phones import validate_e164

if TYPE_CHECKING:
    from actions.models import Action, Agent

SHORTEST_LIFE_S, LONGEST_LIFE_S = 300, 604_800
DEFAULT_LIFE_S = 3600
MOST_KEYS = 10
LONGEST_DEFAULT = 200
SIP_URI = re.compile(r"sips?:[^\s@<>\"]+@[^\s@<>\"]{1,200}", re.ASCII)

PAYLOAD = ("from", "to", "direction", "runtime", "agent", "sip_headers", "context", "parameters")
"""What a cache key may be taken from: the members of *call begins*, and what earlier actions merged."""


class MissingPath(models.TextChoices):
    """What becomes of a call of which a path of the key finds nothing."""

    SKIP = "skip", gettext_lazy("Do not use the cache for this call")
    DEFAULT = "default", gettext_lazy("Take the value below in its place")
    EMPTY = "empty", gettext_lazy("Treat it as empty")


class FailurePolicy(models.TextChoices):
    """What becomes of the call when the action fails or is too slow."""

    DEFAULTS = "defaults", gettext_lazy("Go on with the default parameters")
    SAY = "say", gettext_lazy("Say a sentence and hang up")
    TRANSFER = "transfer", gettext_lazy("Transfer the caller")
    ACTION = "action", gettext_lazy("Run another action in its place")


class CacheSettings(BaseModel):
    """``ttl_s`` is the life time of a result, ``stale_s`` how long after it the result may stand in for a failure.

    ``refresh_ahead``: a result that is used in the last tenth of its life is made anew meanwhile.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[str, ...] = Field(min_length=1, max_length=MOST_KEYS)
    ttl_s: int = Field(default=DEFAULT_LIFE_S, ge=SHORTEST_LIFE_S, le=LONGEST_LIFE_S)
    if_missing: Literal["skip", "default", "empty"] = "skip"
    default: str = ""
    stale_s: int = Field(default=0, ge=0, le=LONGEST_LIFE_S)
    refresh_ahead: bool = False


class FailureSettings(BaseModel):
    """``texts`` by language, ``transfer_to`` a number or SIP address, ``action`` the name of another before-action."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Literal["defaults", "say", "transfer", "action"] = "defaults"
    texts: dict[str, str] = {}
    transfer_to: str = ""
    action: str = ""


class BeforeSettings(BaseModel):
    """All of it, as a release holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cache: CacheSettings | None = None
    failure: FailureSettings = FailureSettings()


def path_error(source: str) -> str | None:
    """Why ``source`` cannot be a part of a cache key, in a sentence; None: it can."""
    try:
        path = Path.parse(source)
    except ExpressionError as error:
        return str(error)
    root = path.keys[0] if path.keys else None
    if path.keys is not None and root not in PAYLOAD:
        text = _("A call has no “%(name)s”. Begin with one of: %(known)s.")
        return text % {"name": root if root is not None else "$", "known": ", ".join(PAYLOAD)}
    return None


def validate_keys(value: object) -> None:
    """Raises ValidationError unless ``value`` is a list of paths into the payload, each once."""
    if not isinstance(value, list) or not all(isinstance(source, str) for source in value):
        raise ValidationError(_("Give a list of paths."))
    if len(value) > MOST_KEYS:
        raise ValidationError(_("A key has %(most)d paths at most.") % {"most": MOST_KEYS})
    if len(set(value)) != len(value):
        raise ValidationError(_("Give each path once."))
    errors = [
        _("“%(path)s”: %(problem)s") % {"path": source, "problem": problem}
        for source in value
        if (problem := path_error(source))
    ]
    if errors:
        raise ValidationError(errors)


def validate_stale(value: int) -> None:
    if value > LONGEST_LIFE_S:
        raise ValidationError(_("At most %(most)d seconds (7 days).") % {"most": LONGEST_LIFE_S})


def validate_transfer_to(value: str) -> None:
    """A number in E.164, or a SIP address."""
    if SIP_URI.fullmatch(value):
        return
    try:
        validate_e164(value)
    except ValidationError:
        message = _("Write a phone number such as +33612345678, or a SIP address such as sip:support@pbx.example.com.")
        raise ValidationError(message) from None


class BeforeCall(models.Model):
    """Columns of the kinds that exist before the call: ``BEFORE_FIELDS``."""

    if TYPE_CHECKING:
        pk: int
        agent: Agent
        agent_id: int
        moment: str

    cache_enabled = models.BooleanField(
        gettext_lazy("reuse results"),
        default=False,
        help_text=gettext_lazy("A call with the same key gets the result that an earlier one got, at once."),
    )
    cache_keys = models.JSONField(
        gettext_lazy("key"),
        default=list,
        blank=True,
        validators=[validate_keys],
        help_text=gettext_lazy(
            "What must be the same for a result to be reused: one path into the call on each line, such as from, "
            "context.customerId or $.sip_headers['X-Tenant']. Name all that the result depends on."
        ),
    )
    cache_ttl_s = models.PositiveIntegerField(
        gettext_lazy("life time (s)"),
        default=DEFAULT_LIFE_S,
        validators=[MinValueValidator(SHORTEST_LIFE_S), MaxValueValidator(LONGEST_LIFE_S)],
        help_text=gettext_lazy("In seconds, from 300 (5 minutes) to 604800 (7 days)."),
    )
    cache_if_missing = models.CharField(
        gettext_lazy("where a path finds nothing"),
        max_length=7,
        choices=MissingPath.choices,
        default=MissingPath.SKIP,
    )
    cache_default = models.CharField(gettext_lazy("value in its place"), max_length=LONGEST_DEFAULT, blank=True)
    cache_stale_s = models.PositiveIntegerField(
        gettext_lazy("stand in for a failure (s)"),
        default=0,
        validators=[validate_stale],
        help_text=gettext_lazy(
            "For so many seconds after its life time, a result is used when the action fails or is too slow. 0: never."
        ),
    )
    cache_refresh_ahead = models.BooleanField(
        gettext_lazy("make anew ahead of time"),
        default=False,
        help_text=gettext_lazy(
            "A result used in the last tenth of its life time is made anew in the background: nobody waits for it."
        ),
    )
    failure_policy = models.CharField(
        gettext_lazy("if it fails or is too slow"),
        max_length=8,
        choices=FailurePolicy.choices,
        default=FailurePolicy.DEFAULTS,
    )
    failure_texts = models.JSONField(
        gettext_lazy("sentence before hanging up"),
        default=dict,
        blank=True,
        validators=[validate_texts],
        help_text=gettext_lazy("One for each language that the agent speaks."),
    )
    failure_transfer_to = models.CharField(
        gettext_lazy("transfer to"),
        max_length=255,
        blank=True,
        validators=[validate_transfer_to],
        help_text=gettext_lazy("A phone number such as +33612345678, or a SIP address."),
    )
    failure_action = models.ForeignKey(
        "actions.Action",
        models.RESTRICT,
        verbose_name=pgettext_lazy("failure policy", "other action"),
        related_name="+",
        null=True,
        blank=True,
        help_text=gettext_lazy("An action before the call of the same agent. It runs in place of this one only."),
    )

    class Meta:
        abstract = True

    def before_settings(self) -> BeforeSettings:
        """As a release holds them; for a row without errors."""
        cache = None
        if self.cache_enabled:
            cache = CacheSettings(
                keys=tuple(self.cache_keys),
                ttl_s=self.cache_ttl_s,
                if_missing=self.cache_if_missing,
                default=self.cache_default if self.cache_if_missing == MissingPath.DEFAULT else "",
                stale_s=self.cache_stale_s,
                refresh_ahead=self.cache_refresh_ahead,
            )
        return BeforeSettings(cache=cache, failure=self._failure_settings())

    def _failure_settings(self) -> FailureSettings:
        match self.failure_policy:
            case FailurePolicy.SAY:
                return FailureSettings(policy="say", texts=said(self.failure_texts))
            case FailurePolicy.TRANSFER:
                return FailureSettings(policy="transfer", transfer_to=self.failure_transfer_to)
            case FailurePolicy.ACTION if self.failure_action is not None:
                return FailureSettings(policy="action", action=self.failure_action.name)
        return FailureSettings()

    def before_errors(self) -> dict[str, list[Any]]:
        """What keeps it from being published, by field: rows may have been saved without a form."""
        errors: dict[str, list[Any]] = {}
        for name in BEFORE_FIELDS:
            field: Any = self._meta.get_field(name)
            value = getattr(self, field.attname)
            try:
                field.clean(value, self)
            except ValidationError as error:
                if value not in (None, "", [], {}):
                    errors[name] = list(error.messages)
        if self.cache_enabled and not self.cache_keys:
            errors["cache_keys"] = [_("Name one path at least: without a key, every caller would get the same result.")]
        errors.update(self._policy_errors())
        return errors

    def _policy_errors(self) -> dict[str, list[Any]]:
        match self.failure_policy:
            case FailurePolicy.SAY if error := missing_text(self.failure_texts, self.agent.language):
                return {"failure_texts": [error]}
            case FailurePolicy.TRANSFER if not self.failure_transfer_to:
                return {"failure_transfer_to": [_("Say where the caller is to be transferred.")]}
            case FailurePolicy.ACTION if error := self._stand_in_error(self.failure_action):
                return {"failure_action": [error]}
        return {}

    def _stand_in_error(self, other: Action | None) -> str | None:
        if other is None:
            return _("Choose the action that runs in its place.")
        if other.agent_id != self.agent_id or other.moment != Moment.BEFORE or other.pk == self.pk:
            return _("Choose another action before the call of the same agent.")
        if not other.enabled:
            return _("“%(name)s” is not enabled.") % {"name": other.name}
        if getattr(other.configured, "failure_policy", "") == FailurePolicy.ACTION:
            return _("“%(name)s” hands over to another action itself: one may stand in, not a chain of them.") % {
                "name": other.name
            }
        return None


CACHE_FIELDS = (
    *("cache_enabled", "cache_keys", "cache_ttl_s", "cache_if_missing", "cache_default", "cache_stale_s"),
    "cache_refresh_ahead",
)
FAILURE_FIELDS = ("failure_policy", "failure_texts", "failure_transfer_to", "failure_action")
BEFORE_FIELDS = (*FAILURE_FIELDS, *CACHE_FIELDS)
