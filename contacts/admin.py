"""Contacts, as calls, files and other systems have told of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.admin_base import Rank, RecordAdmin, breadcrumbs
from contacts.files import FileRefused, file_format, import_contacts
from contacts.history import calls_with
from contacts.models import Contact
from contacts.resource import as_dataset

CALLS_SHOWN = 50
LIKE_A_NUMBER = re.compile(r"\+?[\d .()-]+", re.ASCII)
MOST_IN_SHORT = 120
"""Characters of what the list shows of attributes."""
MOST_EXPORTED = 50_000


class FileForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("File"), widget=UnfoldAdminFileFieldWidget)


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ("phone", "known", "ids", "updated_at")
    search_fields = ("phone",)
    search_help_text = gettext_lazy("Search by number or identifier")
    fields = ("phone", "attributes", "external_ids", "created_at", "updated_at")
    readonly_fields = fields
    change_form_outer_after_template = "triptyque/contact_calls.html"
    actions_list = ("import_file", "export_csv", "export_xlsx")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        """A number is found however it is written: ``06 12 34`` is in ``+33612345678``."""
        if not (term := search_term.strip()):
            return queryset, False
        matches = Q(phone__icontains=term) | Q(ids_as_text__icontains=term)
        if LIKE_A_NUMBER.fullmatch(term):
            matches |= Q(phone__contains=re.sub(r"\D", "", term).lstrip("0"))
        return queryset.annotate(ids_as_text=Cast("external_ids", TextField())).filter(matches), False

    @display(description=gettext_lazy("attributes"))
    def known(self, contact: Contact) -> str:
        return _in_short(contact.attributes)

    @display(description=gettext_lazy("external ids"))
    def ids(self, contact: Contact) -> str:
        return _in_short(contact.external_ids)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        contact: Contact = self.row_or_404(request, object_id)
        calls = calls_with(contact.phone, CALLS_SHOWN)
        context = {"past_calls": calls, "calls_shown": CALLS_SHOWN, **(extra_context or {})}
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    def has_files_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, Rank.EDITOR)

    @action(description=gettext_lazy("Import"), permissions=["files"], icon="upload_file", url_path="import")
    def import_file(self, request: HttpRequest) -> HttpResponse:
        form = FileForm(request.POST or None, request.FILES or None)
        here = reverse("admin:contacts_contact_changelist")
        errors: list[tuple[int, str]] = []
        if request.method == "POST" and form.is_valid():
            try:
                done = import_contacts(request.account.pk, form.cleaned_data["file"].read())  # type: ignore[attr-defined]
            except FileRefused as refused:
                form.add_error("file", refused.message)
            else:
                errors = done.errors
                if not errors:
                    text = _("Contacts created: %(created)d, changed: %(changed)d.")
                    messages.success(request, text % {"created": done.created, "changed": done.changed})
                    return HttpResponseRedirect(here)
        breadcrumbs(request, (here, _("Contacts")), ("", _("Import")))
        return self.page(
            request, "triptyque/contacts_import.html", title=_("Import contacts"), form=form, errors=errors, back=here
        )

    @action(description=gettext_lazy("Export as CSV"), permissions=["files"], icon="download", url_path="export-csv")
    def export_csv(self, request: HttpRequest) -> HttpResponse:
        return self._export(request, "csv")

    @action(description=gettext_lazy("Export as Excel"), permissions=["files"], icon="download", url_path="export-xlsx")
    def export_xlsx(self, request: HttpRequest) -> HttpResponse:
        return self._export(request, "xlsx")

    def _export(self, request: HttpRequest, name: str) -> HttpResponse:
        written = file_format(name)
        content = written.export_data(as_dataset(Contact.objects.order_by("phone")[:MOST_EXPORTED]))
        response = HttpResponse(content, content_type=written.get_content_type())
        response["Content-Disposition"] = f'attachment; filename="contacts.{name}"'
        return response


def _in_short(values: Mapping[str, Any]) -> str:
    """``firstName = Hélène, tier = gold``"""
    known = (f"{name} = {value}" for name, value in values.items() if not isinstance(value, dict | list))
    return Truncator(", ".join(known)).chars(MOST_IN_SHORT) or "–"
