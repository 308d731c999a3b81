"""Node ``say``: a sentence that the agent speaks, during the call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, Field

from actions.contract import Moment
from actions.directives import Say
from actions.expressions.templates import Template
from workflows.fields import TemplateText
from workflows.nodes.base import FieldForm, NodeConfig, NodeContext, NodeKind, NodeResult
from workflows.nodes.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_TEXT = 2000


def _languages() -> tuple[tuple[str, StrOrPromise], ...]:
    return tuple((code, name) for code, name in settings.LANGUAGES)


def _check_languages(texts: dict[str, str]) -> dict[str, str]:
    known = [code for code, _name in settings.LANGUAGES]
    if unknown := sorted(set(texts) - set(known)):
        facts = {"names": ", ".join(unknown)[:80], "known": ", ".join(known)}
        raise ValueError(gettext("Unknown language: %(names)s. Possible are %(known)s.") % facts)
    return texts


class SayConfig(NodeConfig):
    """``texts`` by language (``fr``, ``en``) go before ``text`` where the agent speaks that language."""

    text: TemplateText = ""
    texts: Annotated[dict[str, TemplateText], AfterValidator(_check_languages)] = Field(default_factory=dict)
    while_waiting: bool = False

    @cached_property
    def templates(self) -> dict[str, Template]:
        """By path of the field."""
        sources = {"text": self.text, **{f"texts.{code}": source for code, source in self.texts.items()}}
        return {path: Template.parse(source) for path, source in sources.items() if source.strip()}

    def for_language(self, language: str) -> Template | None:
        return self.templates.get(f"texts.{language}") or self.templates.get("text")


@register
class SayNode(NodeKind[SayConfig]):
    name = "say"
    label = _("Say")
    summary = _("The agent speaks a sentence, before its own answer.")
    icon = "record_voice_over"
    Config = SayConfig
    moments = frozenset({Moment.DURING})
    default_config = {"text": ""}
    fields = (
        FieldForm("text", _("Text"), "textarea-template", _("Spoken in the agent's language. Variables are possible.")),
        FieldForm(
            "texts",
            _("Text by language"),
            "per-language-texts",
            _("For agents of that language, in place of the text above."),
            options=_languages(),
        ),
        FieldForm(
            "while_waiting",
            _("Filler"),
            "boolean",
            _("It only bridges the time until the slower steps have ended."),
        ),
    )

    def names(self, config: SayConfig) -> Mapping[str, frozenset[str]]:
        return {path: template.names for path, template in config.templates.items()}

    def check(self, config: SayConfig, moment: Moment | None) -> list[tuple[str, StrOrPromise]]:
        missing = [code for code, _name in settings.LANGUAGES if config.for_language(code) is None]
        if missing:
            return [("text", gettext("There is nothing to say in: %(names)s.") % {"names": ", ".join(missing)})]
        return []

    async def run(self, config: SayConfig, context: NodeContext) -> NodeResult:
        language = context.call.agent.language
        template = config.for_language(language)
        text = template.render(context.scope, context.warnings).strip() if template else ""
        if not text:
            context.warnings.append(gettext("There was nothing to say."))
            return NodeResult()
        spoken = Say(text=text[:LONGEST_TEXT], language=language, while_waiting=config.while_waiting)
        return NodeResult(data=spoken.model_dump(mode="json"), directives=(spoken,))
