"""Kind ``knowledge``: the agent looks something up in a source and answers from what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager

from actions.contract import JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.messages import MESSAGE_FIELDS, MessageBefore, SpeaksBefore
from actions.models import Action
from actions.registry import register
from knowledge.asking import ask
from knowledge.models import Source
from knowledge.search import DEFAULT_HITS, LONGEST_QUERY, MINIMUM_SCORE, MOST_HITS, Hit, Readiness, SourceNotReadyError
from knowledge.texts import MOST_TOKENS, fitted

FEWEST_TOKENS, TOKENS_AT_MOST = 100, 8000


class KnowledgeAction(SpeaksBefore, Action):
    """Where to look, how much of it the agent gets, and what it says meanwhile."""

    KIND = "knowledge"

    source = models.ForeignKey(
        Source, models.RESTRICT, verbose_name=gettext_lazy("data source"), related_name="actions"
    )
    most_passages = models.PositiveSmallIntegerField(
        gettext_lazy("passages at most"),
        default=DEFAULT_HITS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_HITS)],
        help_text=gettext_lazy("More of them let the agent compare; fewer keep it quick."),
    )
    minimum_score = models.FloatField(
        gettext_lazy("minimum score"),
        default=MINIMUM_SCORE,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=gettext_lazy(
            "From 0 to 1. What is found below it does not count: the agent then says that nothing was found."
        ),
    )
    most_tokens = models.PositiveIntegerField(
        gettext_lazy("length of the answer (tokens)"),
        default=MOST_TOKENS,
        validators=[MinValueValidator(FEWEST_TOKENS), MaxValueValidator(TOKENS_AT_MOST)],
        help_text=gettext_lazy("All passages together, estimated. 1,500 are about two pages."),
    )
    objects: ClassVar[models.Manager[KnowledgeAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("knowledge search")
        verbose_name_plural = gettext_lazy("knowledge searches")


class KnowledgeParams(Params):
    source_id: int
    source_name: str
    most_passages: int = DEFAULT_HITS
    minimum_score: float = MINIMUM_SCORE
    most_tokens: int = MOST_TOKENS
    message_before: MessageBefore | None = None


@register
class KnowledgeKind(Kind[KnowledgeParams]):
    """Its description is demanded: the form begins with a proposal that people see and change."""

    name = "knowledge"
    label = gettext_lazy("Search knowledge")
    summary = gettext_lazy("Looks for the answer in the documents of a source.")
    icon = "menu_book"
    moments = frozenset({Moment.DURING})
    reads_only = True
    Params = KnowledgeParams
    model = KnowledgeAction
    fields = ("source", *MESSAGE_FIELDS, "most_passages", "minimum_score", "most_tokens")
    admin_class = "knowledge.admin.actions.KnowledgeActionAdmin"

    def freeze(self, action: KnowledgeAction) -> KnowledgeParams:
        language = action.agent.language
        source = Source.objects.filter(pk=action.source_id, account=action.agent.account_id).first()
        message = action.message_before()
        errors = action.message_errors()
        if source is None:
            errors["source"] = [_("This source does not exist.")]
        if message is not None and not message.texts.get(language):
            errors["message_texts"] = [_("Write a sentence in the language of the agent.")]
        if errors or source is None:
            raise FreezeError(errors)
        return KnowledgeParams(
            source_id=source.pk,
            source_name=source.name,
            most_passages=action.most_passages,
            minimum_score=action.minimum_score,
            most_tokens=action.most_tokens,
            message_before=message,
        )

    def missing(self, params: KnowledgeParams, account_id: int) -> list[str]:
        if Source.objects.filter(pk=params.source_id, account=account_id).exists():
            return []
        return [_("The data source “%(name)s” was deleted.") % {"name": params.source_name}]

    def proposed_description(self, language: str) -> str:
        """What a new action's form begins with."""
        with override(language):
            return _(
                "Look for the answer in the documents when the caller asks for information that you do not have. "
                "Answer only from what is found there."
            )

    def arguments_schema(self, params: KnowledgeParams, language: str) -> dict[str, JSON]:
        with override(language):
            text = _("What the caller wants to know, as one complete question in the caller's words.")
        question = {"type": "string", "minLength": 1, "maxLength": LONGEST_QUERY, "description": text}
        return {
            "type": "object",
            "properties": {"question": question},
            "required": ["question"],
            "additionalProperties": False,
        }

    def message_before(self, params: KnowledgeParams, language: str) -> MessageBefore | None:
        return params.message_before

    def time_limit_s(self, params: KnowledgeParams) -> float:
        return 10.0

    async def run(self, params: KnowledgeParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        language = context.agent.language
        try:
            answer = await ask(
                params.source_id,
                context.account_id,
                arguments["question"],
                limit=params.most_passages,
                language=language,
                minimum_score=params.minimum_score,
            )
        except SourceNotReadyError as error:
            context.warnings.append(f"{params.source_name}: {error.status.label}")
            return Outcome(result=_not_ready(error.status, language))
        context.warnings.extend(answer.warnings)
        return Outcome(result=_found(fitted(answer.hits, params.most_tokens), language))


def _found(hits: list[Hit], language: str) -> dict[str, Any]:
    with override(language):
        if hits:
            message = _("Answer from these passages only. If they do not say it, tell the caller that you do not know.")
        else:
            message = _("Nothing was found about this. Say so, and do not answer from memory.")
    status = "found" if hits else "nothing_found"
    return {"status": status, "passages": [hit.shown() for hit in hits], "message": message}


def _not_ready(status: Readiness, language: str) -> dict[str, Any]:
    with override(language):
        if status == Readiness.INDEXING:
            message = _("The documents are just being brought up to date. Say so, and offer another way.")
        else:
            message = _("The information cannot be looked up at present. Say so, and offer another way.")
    return {"status": "not_ready", "passages": [], "reason": status.value, "message": message}
