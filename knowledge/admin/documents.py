"""One document: typed here, or read from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.admin_base import AccountAdmin, PresetForm, breadcrumbs
from accounts.admin_widgets import CodeTextarea
from knowledge.admin.states import document_badge, source_url
from knowledge.ingestion import retry
from knowledge.models import Document, DocumentKind, DocumentState, Source
from knowledge.uploads import SUFFIXES, read_text, title_of


class DocumentForm(PresetForm):
    """A file, where one is given, takes the place of the text, and names the document that has no title."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(SUFFIXES)}),
        help_text=gettext_lazy("A text or Markdown file (.txt, .md), 4 MB at most. It replaces the text."),
    )

    class Meta:
        model = Document
        fields = ("title", "file", "text", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("title", "text"):
            if name in self.fields:
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if file := cleaned.get("file"):
            try:
                cleaned["text"] = read_text(file)
            except forms.ValidationError as error:
                self.add_error("file", error)
            else:
                cleaned["title"] = cleaned.get("title") or title_of(file.name)
                self.instance.kind = DocumentKind.FILE
        elif not self.has_error("file") and not (cleaned.get("text") or "").strip():
            self.add_error("text", _("Write the text, or choose a file."))
        if not cleaned.get("title") and not self.errors:
            self.add_error("title", _("Give the document a title."))
        return cleaned


@admin.register(Document)
class DocumentAdmin(AccountAdmin):
    form = DocumentForm
    fields: Sequence[str] = ("title", "file", "text", "language")
    list_display = ("title", "source", "state_label", "kind", "updated_at")
    list_filter = (("source", RelatedDropdownFilter), ("state", ChoicesDropdownFilter))
    list_select_related = ("source",)
    search_fields = ("title",)
    actions_detail = ("index_again",)

    @display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, document: Document) -> SafeString:
        return document_badge(document)

    @display(description=gettext_lazy("state"))
    def progress(self, document: Document) -> SafeString:
        return format_html("{} <span>{}</span>", document_badge(document), document.get_error_display())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        if obj is None:
            return self.fields
        if not self.has_change_permission(request, obj):
            return ("progress", "title", "text", "language")
        return ("progress", *self.fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("progress",) if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "text":
            kwargs["widget"] = CodeTextarea({"rows": 14, "class": "tq-code tq-prose"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

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
        _show_source(request, source, _("Add a document"))
        return super().add_view(request, form_url, {"title": _("Add a document"), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if document := self.get_object(request, object_id):
            _show_source(request, document.source, document.title)
        return super().change_view(request, object_id, form_url, extra_context)

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
        retry([document], anew=document.state != DocumentState.FAILED)
        messages.success(request, _("“%(title)s” is being indexed.") % {"title": document.title})
        return HttpResponseRedirect(source_url(document.source))


def _show_source(request: HttpRequest, source: Source, title: str) -> None:
    sources = reverse("admin:knowledge_source_changelist")
    breadcrumbs(request, (sources, _("Knowledge")), (source_url(source), source.name), ("", title))
