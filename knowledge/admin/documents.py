"""One document: a text typed here, a file or a web page, with what was read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from accounts.admin_base import AccountAdmin, breadcrumbs
from accounts.admin_widgets import CodeTextarea
from knowledge.admin.forms import OWN_FIELDS, DocumentForm
from knowledge.admin.states import document_badge, document_facts, source_url, visits
from knowledge.ingestion import retry
from knowledge.models import Document, DocumentKind, DocumentState, Source

MOST_PASSAGES = 200
PENDING = frozenset({DocumentState.WAITING, DocumentState.INDEXING})


@admin.register(Document)
class DocumentAdmin(AccountAdmin):
    form = DocumentForm
    change_form_template = "triptyque/knowledge/document.html"

    class Media:
        js = ("triptyque/knowledge.js",)

    list_display = ("title", "source", "state_label", "kind", "facts", "updated_at")
    list_filter = (
        ("source", RelatedDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
    )
    list_select_related = ("source",)
    search_fields = ("title", "file_name", "url")
    actions_detail = ("index_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        documents: QuerySet[Document] = super().get_queryset(request)
        asked = request.resolver_match.url_name if request.resolver_match else ""
        return documents.defer("text") if asked == "knowledge_document_changelist" else documents

    @display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, document: Document) -> SafeString:
        return document_badge(document)

    @display(description=gettext_lazy("contents"))
    def facts(self, document: Document) -> str:
        return document_facts(document)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        may_change = obj is None or self.has_change_permission(request, obj)
        if obj is None or obj.kind == DocumentKind.TEXT:
            return ("title", "text", "language")
        return ("title", OWN_FIELDS[obj.kind], "language") if may_change else ("title", "language")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "text":
            kwargs["widget"] = CodeTextarea({"rows": 14, "class": "tq-code tq-prose"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_urls(self) -> list[Any]:
        download = self.admin_site.admin_view(self.download)
        return [path("<int:document_id>/file/", download, name="knowledge_document_file"), *super().get_urls()]

    def download(self, request: HttpRequest, document_id: int) -> HttpResponse:
        """The file as it was uploaded: for members of the account, and never shown by the browser itself."""
        document: Document = self.row_or_404(request, str(document_id))
        if not self.has_view_permission(request, document) or not document.file:
            raise Http404
        try:
            with document.file.open("rb") as stored:
                content = stored.read()
        except FileNotFoundError as error:
            raise Http404 from error
        disposition = content_disposition_header(as_attachment=True, filename=document.file_name)
        headers = {"Content-Disposition": disposition or "attachment", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(content, content_type="application/octet-stream", headers=headers)

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        return {"source": obj.source if obj else self._asked_source(request)}

    def _asked_source(self, request: HttpRequest) -> Source | None:
        asked = request.GET.get("source", "")
        return Source.objects.filter(pk=asked).first() if asked.isdecimal() else None

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """Begins on a source's page: a document is nothing without its source."""
        source = self._asked_source(request)
        if source is None:
            return HttpResponseRedirect(reverse("admin:knowledge_source_changelist"))
        _show_source(request, source, _("Write a text"))
        return super().add_view(request, form_url, {"title": _("Write a text"), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = dict(extra_context or {})
        if document := self.get_object(request, object_id):
            _show_source(request, document.source, document.title)
            passages = list(document.passages.all()[: MOST_PASSAGES + 1])
            context |= {
                "state": document_badge(document),
                "facts": document_facts(document),
                "visits": visits(document) if document.kind == DocumentKind.PAGE else [],
                "passages": passages[:MOST_PASSAGES],
                "passages_cut": len(passages) > MOST_PASSAGES,
                "is_old": bool(passages) and document.state != DocumentState.READY,
                "poll": document.state in PENDING,
            }
        return super().change_view(request, object_id, form_url, context)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(source_url(obj.source))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(source_url(obj.source))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        request.deleted_from = obj.source  # type: ignore[attr-defined]
        super().delete_model(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        messages.success(request, _("The document “%(title)s” is deleted.") % {"title": obj_display})
        return HttpResponseRedirect(source_url(request.deleted_from))  # type: ignore[attr-defined]

    def has_index_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    @action(description=gettext_lazy("Index again"), permissions=["index"], icon="refresh")
    def index_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document: Document = self.row_or_404(request, object_id)
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Index this document again?"),
                object=document,
                text=_("“%(title)s” stays as it is and can be found meanwhile.") % {"title": document.title},
                submit=_("Index again"),
                back=reverse("admin:knowledge_document_change", args=[document.pk]),
            )
        retry([document], anew=True)
        messages.success(request, _("“%(title)s” is being indexed.") % {"title": document.title})
        return HttpResponseRedirect(source_url(document.source))


def _show_source(request: HttpRequest, source: Source, title: str) -> None:
    sources = reverse("admin:knowledge_source_changelist")
    breadcrumbs(request, (sources, _("Knowledge")), (source_url(source), source.name), ("", title))
