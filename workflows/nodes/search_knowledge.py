"""Node ``search_knowledge``: keeps what a source says about a question in a variable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_scopes import scope
from pydantic import Field

from accounts.database import in_database
from actions.contract import JSON
from actions.expressions.templates import Template
from knowledge.asking import ask
from knowledge.search import (
    MINIMUM_SCORE,
    MOST_HITS,
    Readiness,
    SourceNotReadyError,
    find_source,
    source_names,
)
from knowledge.texts import fitted, joined
from workflows.fields import TemplateText, VariableName
from workflows.nodes.base import ERROR, NEXT, FieldForm, NodeConfig, NodeContext, NodeError, NodeKind, NodeResult
from workflows.nodes.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from workflows.nodes.base import Options

NOTHING_FOUND = "nothing_found"
"""The way out where the source says nothing about it, if ``branch_if_nothing``."""


class SearchKnowledgeConfig(NodeConfig):
    source: str = Field(min_length=1, max_length=100)
    query: TemplateText = Field(min_length=1)
    limit: int = Field(default=5, ge=1, le=MOST_HITS)
    minimum_score: float = Field(default=MINIMUM_SCORE, ge=0, le=1)
    variable: VariableName = "passages"
    branch_if_nothing: bool = False

    @cached_property
    def compiled(self) -> Template:
        return Template.parse(self.query)

    @property
    def text_variable(self) -> str:
        return f"{self.variable}_text"


def _sources(account_id: int) -> Options:
    return [(name, name) for name in source_names()]


@register
class SearchKnowledgeNode(NodeKind[SearchKnowledgeConfig]):
    name = "search_knowledge"
    label = _("Search knowledge")
    summary = _("Looks for the answer in the documents of a source and keeps what it finds in variables.")
    icon = "menu_book"
    Config = SearchKnowledgeConfig
    waits = True
    outputs_vary = True
    default_config = {"query": "", "limit": 5, "variable": "passages"}
    fields = (
        FieldForm("source", _("Data source"), "source-select", options_for=_sources, required=True),
        FieldForm("query", _("Question"), "textarea-template", _("What to look for, in plain words."), required=True),
        FieldForm("limit", _("Passages at most"), "number", minimum=1, maximum=MOST_HITS),
        FieldForm(
            "minimum_score",
            _("Minimum score"),
            "number",
            _("From 0 to 1: which part of the question a passage must speak of to count."),
            minimum=0,
            maximum=1,
        ),
        FieldForm(
            "variable",
            _("Variable"),
            "text",
            _("Gets the passages found, as a list; the variable with _text at its end gets them as one text."),
        ),
        FieldForm(
            "branch_if_nothing",
            _("Own branch if nothing is found"),
            "boolean",
            _("Otherwise the workflow goes on with an empty list."),
        ),
    )

    def outputs(self, config: SearchKnowledgeConfig) -> tuple[str, ...]:
        return (NEXT, NOTHING_FOUND, ERROR) if config.branch_if_nothing else (NEXT, ERROR)

    def variables(self, config: SearchKnowledgeConfig) -> tuple[str, ...]:
        return (config.variable, config.text_variable)

    def names(self, config: SearchKnowledgeConfig) -> Mapping[str, frozenset[str]]:
        return {"query": config.compiled.names}

    def check_in_account(self, config: SearchKnowledgeConfig, account_id: int) -> list[tuple[str, StrOrPromise]]:
        if find_source(config.source) is None:
            return [("source", _unknown(config.source))]
        return []

    async def run(self, config: SearchKnowledgeConfig, context: NodeContext) -> NodeResult:
        question = config.compiled.render(context.scope, context.warnings)
        context.input = {"source": config.source, "query": question}
        account_id = context.call.account_id
        try:
            answer = await ask(
                await in_database(_source_id)(config.source, account_id),
                account_id,
                question,
                limit=config.limit,
                language=context.call.agent.language,
                minimum_score=config.minimum_score,
            )
        except SourceNotReadyError as error:
            unknown = error.status == Readiness.UNKNOWN
            message = _unknown(config.source) if unknown else str(error.status.label)
            raise NodeError(message, code=f"source_{error.status.value}", permanent=unknown) from error
        context.warnings.extend(answer.warnings)
        hits = fitted(answer.hits)
        passages: list[JSON] = [hit.shown() for hit in hits]
        variables = {config.variable: passages, config.text_variable: joined(hits)}
        output = NEXT if passages or not config.branch_if_nothing else NOTHING_FOUND
        return NodeResult(output, variables=variables, data=variables)


def _source_id(name: str, account_id: int) -> int:
    """By name, as graphs name what they use; a source never changes its name."""
    with scope(account=account_id):
        source_id = find_source(name)
    if source_id is None:
        raise SourceNotReadyError(Readiness.UNKNOWN)
    return source_id


def _unknown(name: str) -> str:
    return gettext("There is no source called “%(name)s”.") % {"name": name}
