"""Kind ``knowledge``: the agent looks something up in a source and answers from what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager, scope
from pydantic import Field

from accounts.database import in_database
from actions.contract import JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.models import Action
from actions.registry import register
from knowledge.models import Source
from knowledge.search import DEFAULT_HITS, LONGEST_QUERY, Hit, Readiness, SourceNotReadyError, search
from knowledge.texts import bounded


class KnowledgeAction(Action):
    """Where to look, and what the agent says meanwhile."""

    KIND = "knowledge"

    source = models.ForeignKey(
        Source, models.RESTRICT, verbose_name=gettext_lazy("data source"), related_name="actions"
    )
    message_before_enabled = models.BooleanField(
        gettext_lazy("message before execution"),
        default=False,
        help_text=gettext_lazy("The agent says something before it looks: no caller waits in silence."),
    )
    message_before = models.TextField(
        gettext_lazy("example of the message"),
        blank=True,
        max_length=500,
        help_text=gettext_lazy(
            "In the language of the agent, for example “One moment, I am looking that up.” Empty: the agent chooses."
        ),
    )

    objects: ClassVar[models.Manager[KnowledgeAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("knowledge search")
        verbose_name_plural = gettext_lazy("knowledge searches")


class KnowledgeParams(Params):
    """``message_before`` None: nothing is said before; '': the agent chooses the words."""

    source_id: int
    source_name: str
    message_before: str | None = Field(default=None, max_length=500)


@register
class KnowledgeKind(Kind[KnowledgeParams]):
    name = "knowledge"
    label = gettext_lazy("Search knowledge")
    summary = gettext_lazy("Looks for the answer in the documents of a source.")
    icon = "menu_book"
    moments = frozenset({Moment.DURING})
    Params = KnowledgeParams
    model = KnowledgeAction
    fields = ("source", "message_before_enabled", "message_before")

    def freeze(self, action: KnowledgeAction) -> KnowledgeParams:
        source = Source.objects.filter(pk=action.source_id, account=action.agent.account_id).first()
        if source is None:
            raise FreezeError({"source": [_("This source does not exist.")]})
        return KnowledgeParams(
            source_id=source.pk,
            source_name=source.name,
            message_before=action.message_before.strip() if action.message_before_enabled else None,
        )

    def default_description(self, language: str) -> str:
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

    def message_before(self, params: KnowledgeParams, language: str) -> Mapping[str, str] | None:
        if params.message_before is None:
            return None
        return {language: params.message_before} if params.message_before else {}

    def time_limit_s(self, params: KnowledgeParams) -> float:
        return 10.0

    async def run(self, params: KnowledgeParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        look_up = in_database(_look_up)
        try:
            hits = await look_up(params.source_id, context.account_id, arguments["question"], context.agent.language)
        except SourceNotReadyError as error:
            context.warnings.append(f"{params.source_name}: {error.status.label}")
            return Outcome(result=_not_ready(error.status, context.agent.language))
        return Outcome(result=_found(hits, context.agent.language))


def _look_up(source_id: int, account_id: int, question: str, language: str) -> list[Hit]:
    with scope(account=account_id):
        return search(source_id, question, DEFAULT_HITS, language)


def _found(hits: list[Hit], language: str) -> dict[str, Any]:
    passages = [{"document": hit.document, "heading": hit.heading, "text": hit.text} for hit in bounded(hits)]
    with override(language):
        if passages:
            message = _("Answer from these passages only. If they do not say it, tell the caller that you do not know.")
        else:
            message = _("Nothing was found about this. Say so, and do not answer from memory.")
    return {"status": "found" if passages else "nothing_found", "passages": passages, "message": message}


def _not_ready(status: Readiness, language: str) -> dict[str, Any]:
    with override(language):
        if status == Readiness.INDEXING:
            message = _("The documents are just being brought up to date. Say so, and offer another way.")
        else:
            message = _("The information cannot be looked up at present. Say so, and offer another way.")
    return {"status": "not_ready", "passages": [], "reason": status.value, "message": message}
