"""What an agent says before it uses a tool: its own words after an example, or a fixed text; per language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict, Field

from accounts.models import Language

if TYPE_CHECKING:
    from actions.models import Agent

LONGEST_MESSAGE = 500
LONGEST_DELAY_MS = 10_000


class MessageMode(models.TextChoices):
    NONE = "none", gettext_lazy("Nothing")
    EXAMPLE = "example", gettext_lazy("Its own words, after an example")
    EXACT = "exact", gettext_lazy("Exactly this text")


class MessageBefore(BaseModel):
    """``texts`` by language (``fr``, ``en``). ``exact``: to be said as they are; ``example``: as a model for the
    agent's own words, and empty where there is no example. ``after_ms``: said only once the tool has taken so
    long, by runtimes that can wait; 0: at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["exact", "example"] = "example"
    texts: dict[str, str] = {}
    after_ms: int = Field(default=0, ge=0, le=LONGEST_DELAY_MS)


def validate_texts(value: object) -> None:
    """Raises ValidationError unless ``value`` is ``{language: sentence}`` in languages of the platform."""
    if not isinstance(value, dict):
        raise ValidationError(_("Give one sentence for each language."))
    for language, text in value.items():
        if language not in Language.values:
            raise ValidationError(_("“%(language)s” is not a language of agents.") % {"language": language})
        if not isinstance(text, str) or len(text) > LONGEST_MESSAGE:
            raise ValidationError(_("A sentence has %(most)d characters at most.") % {"most": LONGEST_MESSAGE})


def said(texts: Mapping[str, str]) -> dict[str, str]:
    """The sentences that there are, without the spaces around them."""
    return {language: text.strip() for language, text in texts.items() if text.strip()}


def missing_text(texts: Mapping[str, str], language: str) -> str | None:
    """A sentence for the editor where the agent's own language has none."""
    if texts.get(language, "").strip():
        return None
    label = Language(language).label
    return _("Write the text that is to be said, in the language of the agent: %(language)s.") % {"language": label}


class SpeaksBefore(models.Model):
    """Columns of an action that may announce itself. ``MESSAGE_FIELDS`` are for the kind's ``fields``."""

    if TYPE_CHECKING:
        agent: Agent

    message_mode = models.CharField(
        gettext_lazy("message before execution"),
        max_length=7,
        choices=MessageMode.choices,
        default=MessageMode.NONE,
        help_text=gettext_lazy("What the agent says before it uses this action, so that nobody waits in silence."),
    )
    message_texts = models.JSONField(
        gettext_lazy("sentences of this message"),
        default=dict,
        blank=True,
        validators=[validate_texts],
        help_text=gettext_lazy("One for each language that the agent speaks."),
    )
    message_after_ms = models.PositiveIntegerField(
        gettext_lazy("only after (ms)"),
        default=0,
        validators=[MaxValueValidator(LONGEST_DELAY_MS)],
        help_text=gettext_lazy(
            "0: at once. Otherwise said only once the action has taken this many milliseconds, where the telephone "
            "system can do so."
        ),
    )

    class Meta:
        abstract = True

    def message_before(self) -> MessageBefore | None:
        """As it is to be frozen into the parameters; None: nothing is said."""
        if self.message_mode == MessageMode.NONE:
            return None
        return MessageBefore(mode=self.message_mode, texts=said(self.message_texts), after_ms=self.message_after_ms)

    def message_errors(self) -> dict[str, list[Any]]:
        """What keeps it from being published, by field."""
        if self.message_mode == MessageMode.EXACT and (error := missing_text(self.message_texts, self.agent.language)):
            return {"message_texts": [error]}
        return {}


MESSAGE_FIELDS = ("message_mode", "message_texts", "message_after_ms")
