"""Sources: their documents with states, and a page to try a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_base import AccountAdmin, breadcrumbs
from knowledge.admin.states import document_badge, source_badge, source_url
from knowledge.ingestion import retry
from knowledge.models import DocumentState, Source
from knowledge.search import LONGEST_QUERY, MINIMUM_SCORE, MOST_HITS, SourceNotReadyError, search

MOST_SHOWN = 200
PENDING = [DocumentState.WAITING, DocumentState.INDEXING]


class QuestionForm(forms.Form):
    question = forms.CharField(
        label=gettext_lazy("Question"),
        max_length=LONGEST_QUERY,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("As a caller would ask it, in French or in English."),
    )


@admin.register(Source)
class SourceAdmin(AccountAdmin):
    fields = ("name", "description", "language")
    list_display = ("name", "description", "language", "documents_count", "state_label", "updated_at")
    search_fields = ("name", "description")
    actions = None
    actions_detail = ("try_question", "index_again")
    change_form_template = "triptyque/knowledge/source.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        sources: QuerySet[Source] = super().get_queryset(request)
        return sources.annotate(
            total=Count("documents"),
            pending=Count("documents", filter=Q(documents__state__in=PENDING)),
            failed=Count("documents", filter=Q(documents__state=DocumentState.FAILED)),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("name",) if obj else ()

    @display(description=gettext_lazy("documents"), ordering="total")
    def documents_count(self, source: Any) -> int:
        return source.total  # type: ignore[no-any-return]

    @display(description=gettext_lazy("state"))
    def state_label(self, source: Source) -> SafeString:
        return source_badge(source)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        source = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if source is not None:
            _show_where(request, (source_url(source), source.name))
            documents = list(source.documents.defer("text")[:MOST_SHOWN])
            context |= {
                "title": source.name,
                "subtitle": None,
                "documents": [(document, document_badge(document)) for document in documents],
                "hidden_documents": source.total - len(documents),
                "state": source_badge(source),
                "pending": source.pending,
                "may_edit": self.has_change_permission(request, source),
            }
        return super().change_view(request, object_id, form_url, context)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(source_url(obj))

    @action(description=gettext_lazy("Try"), permissions=["view"], icon="search")
    def try_question(self, request: HttpRequest, object_id: str) -> HttpResponse:
        source: Source = self.row_or_404(request, object_id)
        _show_where(request, (source_url(source), source.name), ("", _("Try a question")))
        form = QuestionForm(request.GET if "question" in request.GET else None)
        hits, problem = [], ""
        if form.is_valid():
            try:
                hits = search(source.pk, form.cleaned_data["question"], MOST_HITS, minimum_score=0)
            except SourceNotReadyError as error:
                problem = str(error.status.label)
        return self.page(
            request,
            "triptyque/knowledge/try.html",
            title=_("Try a question"),
            source=source,
            form=form,
            asked=form.is_valid(),
            problem=problem,
            hits=[hit for hit in hits if hit.score >= MINIMUM_SCORE],
            weak_hits=[hit for hit in hits if hit.score < MINIMUM_SCORE][:3],
            back=source_url(source),
        )

    def has_index_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    @action(description=gettext_lazy("Index again"), permissions=["index"], icon="refresh")
    def index_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        source: Source = self.row_or_404(request, object_id)
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Index all documents again?"),
                object=source,
                text=_("The documents of “%(name)s” stay as they are and can be found meanwhile.")
                % {"name": source.name},
                submit=_("Index again"),
                back=source_url(source),
            )
        retry(source.documents.select_related("source"), anew=True)
        messages.success(request, _("The documents of “%(name)s” are being indexed.") % {"name": source.name})
        return HttpResponseRedirect(source_url(source))


def _show_where(request: HttpRequest, *parts: tuple[str, str]) -> None:
    breadcrumbs(request, (reverse("admin:knowledge_source_changelist"), _("Knowledge")), *parts)
