"""Sources: their documents with states, and a page to try a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_base import breadcrumbs
from knowledge.admin.evaluation import EvaluationPage
from knowledge.admin.forms import FilesForm, PagesForm
from knowledge.admin.states import ICONS, document_badge, document_facts, source_badge, source_url, vectors_badge
from knowledge.asking import Answer, ask_now
from knowledge.embedding import work
from knowledge.ingestion import retry
from knowledge.models import Document, DocumentKind, DocumentState, Source
from knowledge.search import LONGEST_QUERY, MINIMUM_SCORE, MOST_HITS, SourceNotReadyError
from knowledge.uploads import add_files, add_pages

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
class SourceAdmin(EvaluationPage):
    fields = ("name", "description", "language", "crawl_every")
    list_display = ("name", "description", "language", "documents_count", "state_label", "updated_at")
    search_fields = ("name", "description")
    actions = None
    actions_detail = ("try_question", "evaluate", "index_again")
    change_form_template = "triptyque/knowledge/source.html"

    class Media:
        js = ("triptyque/knowledge.js",)

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
            context |= {"title": source.name, "subtitle": None, **self._progress(request, source)}
        return super().change_view(request, object_id, form_url, context)

    def _progress(self, request: HttpRequest, source: Any) -> dict[str, Any]:
        """What ``triptyque/knowledge/documents.html`` shows."""
        # What has failed first, then what is under way: that is what somebody looks for.
        worst_first = Case(
            When(state=DocumentState.FAILED, then=0),
            When(state__in=PENDING, then=1),
            When(error__gt="", then=2),
            default=3,
        )
        documents = list(source.documents.defer("text").order_by(worst_first, "title")[:MOST_SHOWN])
        for document in documents:
            document.source = source
        return {
            "source": source,
            "documents": [
                (document, ICONS[DocumentKind(document.kind)], document_badge(document), document_facts(document))
                for document in documents
            ],
            "hidden_documents": source.total - len(documents),
            "state": source_badge(source),
            "pending": source.pending,
            "vectors": vectors_badge(source),
            "failed": any(document.error for document in documents),
            "may_edit": self.has_change_permission(request, source),
        }

    def get_urls(self) -> list[Any]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("<int:source_id>/documents/", page(self.documents_view), name="knowledge_source_documents"),
            path("<int:source_id>/add-files/", page(self.add_files_view), name="knowledge_source_add_files"),
            path("<int:source_id>/retry-failed/", page(self.retry_failed_view), name="knowledge_source_retry_failed"),
            path("<int:source_id>/add-pages/", page(self.add_pages_view), name="knowledge_source_add_pages"),
            *super().get_urls(),
        ]

    def documents_view(self, request: HttpRequest, source_id: int) -> HttpResponse:
        """The list of documents alone: the page of the source asks for it while something is under way."""
        source = self.row_or_404(request, str(source_id))
        if not self.has_view_permission(request, source):
            raise PermissionDenied
        return render(request, "triptyque/knowledge/documents.html", self._progress(request, source))

    def add_files_view(self, request: HttpRequest, source_id: int) -> HttpResponse:
        source = self._source_to_fill(request, source_id)
        form = FilesForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return self._added(
                request, source, *add_files(source, form.cleaned_data["uploads"], form.cleaned_data["language"])
            )
        return self._add_page(request, source, form, _("Add files"))

    def add_pages_view(self, request: HttpRequest, source_id: int) -> HttpResponse:
        source = self._source_to_fill(request, source_id)
        form = PagesForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            return self._added(request, source, *add_pages(source, given["addresses"], given["language"]))
        return self._add_page(request, source, form, _("Add web pages"))

    def _source_to_fill(self, request: HttpRequest, source_id: int) -> Source:
        source: Source = self.row_or_404(request, str(source_id))
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        return source

    def _add_page(self, request: HttpRequest, source: Source, form: forms.Form, title: str) -> HttpResponse:
        _show_where(request, (source_url(source), source.name), ("", title))
        template = "triptyque/knowledge/add.html"
        return self.page(request, template, title=title, source=source, form=form, back=source_url(source))

    def _added(self, request: HttpRequest, source: Source, added: int, refused: list[str]) -> HttpResponse:
        if added:
            text = ngettext("%(count)d document is added.", "%(count)d documents are added.", added)
            messages.success(request, text % {"count": added})
        for sentence in refused:
            messages.error(request, sentence)
        return HttpResponseRedirect(source_url(source))

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(source_url(obj))

    @action(description=gettext_lazy("Try"), permissions=["view"], icon="search")
    def try_question(self, request: HttpRequest, object_id: str) -> HttpResponse:
        source: Source = self.row_or_404(request, object_id)
        _show_where(request, (source_url(source), source.name), ("", _("Try a question")))
        form = QuestionForm(request.GET if "question" in request.GET else None)
        answer, problem = Answer([]), ""
        if form.is_valid():
            try:
                answer = ask_now(source.pk, form.cleaned_data["question"], limit=MOST_HITS, minimum_score=0)
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
            answer=answer,
            hits=[hit for hit in answer.hits if hit.score >= MINIMUM_SCORE],
            weak_hits=[hit for hit in answer.hits if hit.score < MINIMUM_SCORE][:3],
            back=source_url(source),
        )

    def has_index_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    def retry_failed_view(self, request: HttpRequest, source_id: int) -> HttpResponse:
        source = self._source_to_fill(request, source_id)
        failed = Document.failed().filter(source=source)
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Try the documents again that failed?"),
                object=source,
                text=ngettext(
                    "%(count)d document is tried again.", "%(count)d documents are tried again.", failed.count()
                )
                % {"count": failed.count()},
                submit=_("Retry what failed"),
                back=source_url(source),
            )
        retry(failed.select_related("source"), anew=True)
        messages.success(request, _("The documents of “%(name)s” are being indexed.") % {"name": source.name})
        return HttpResponseRedirect(source_url(source))

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
        work.retry(source.pk)
        messages.success(request, _("The documents of “%(name)s” are being indexed.") % {"name": source.name})
        return HttpResponseRedirect(source_url(source))


def _show_where(request: HttpRequest, *parts: tuple[str, str]) -> None:
    breadcrumbs(request, (reverse("admin:knowledge_source_changelist"), _("Knowledge")), *parts)
