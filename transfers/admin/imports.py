"""Importing numbers: upload, look at what was found, confirm, watch, and read the report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminRadioSelectWidget

from accounts.admin_base import Rank, RecordAdmin, badge
from transfers import imports
from transfers.action import TransferAction
from transfers.admin.destinations import asked_action, list_page, show_where
from transfers.models import ImportMode, ImportState, NumberImport

PER_PAGE = 50
LOOKS = {
    ImportState.CHECKED: "warning",
    ImportState.DONE: "success",
    ImportState.REFUSED: "danger",
    ImportState.FAILED: "danger",
    ImportState.CANCELLED: "default",
}
EXAMPLE = "phone,description\r\n+33199000010,Facturation – Lyon\r\n+33199000011,Support technique\r\n"
MODES = (
    (ImportMode.ADD, gettext_lazy("Add: numbers that the list does not have yet are added; nothing else changes.")),
    (ImportMode.REPLACE, gettext_lazy("Replace: afterwards the list holds what the file holds, and nothing more.")),
    (ImportMode.UPDATE, gettext_lazy("Update: numbers that the list has get the file's descriptions; none is added.")),
)


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"class": "tq-files", "accept": ".csv,.txt,.tsv,.xlsx"}),
        help_text=gettext_lazy("CSV or Excel (.xlsx), 5 MB at most. Choose it, or drop it here."),
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("What to do with it"),
        choices=MODES,
        initial=ImportMode.ADD,
        widget=UnfoldAdminRadioSelectWidget(),
    )


@admin.register(NumberImport)
class NumberImportAdmin(RecordAdmin):
    """Its rows are made by uploading; everybody in the account may look, editors upload, confirm and cancel."""

    list_display = ("file_name", "mode", "state_label", "written", "uploaded_by", "uploaded_at")
    change_list_template = "triptyque/transfers/import_list.html"

    class Media:
        js = ("triptyque/knowledge.js",)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """The way in is the page of the action."""
        return {}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("action__agent", "uploaded_by")
        action = asked_action(request)
        return rows.filter(action=action) if action else rows

    @display(description=gettext_lazy("state"))
    def state_label(self, row: NumberImport) -> SafeString:
        return state_badge(row)

    @display(description=gettext_lazy("lines"))
    def written(self, row: NumberImport) -> int:
        return int(row.counts.get("lines", row.total))

    def get_urls(self) -> list[Any]:
        def page(view: Any, name: str) -> Any:
            return {"view": self.admin_site.admin_view(view), "name": f"transfers_numberimport_{name}"}

        return [
            path("new/", **page(self.new_view, "new")),
            path("example/", **page(self.example_view, "example")),
            path("export/<str:format>/", **page(self.export_view, "export")),
            path("<uuid:import_id>/state/", **page(self.state_view, "state")),
            path("<uuid:import_id>/confirm/", **page(require_POST(self.confirm_view), "confirm")),
            path("<uuid:import_id>/cancel/", **page(require_POST(self.cancel_view), "cancel")),
            path("<uuid:import_id>/report/", **page(self.report_view, "report")),
            *super().get_urls(),
        ]

    # --- pages ------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        action = asked_action(request)
        if action is None:
            return HttpResponseRedirect(reverse("admin:actions_action_changelist"))
        _show_where(request, action, ("", _("Imports")))
        context = {"title": _("Imports"), "new_url": new_url(action), "may_edit": may_edit(request, self)}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def new_view(self, request: HttpRequest) -> HttpResponse:
        action = self._action_to_fill(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            row = self._open(request, action, form)
            if row is not None:
                return HttpResponseRedirect(import_url(row))
        _show_where(request, action, (list_url_of(action), _("Imports")), ("", _("Import a file")))
        return self.page(
            request,
            "triptyque/transfers/import_new.html",
            title=_("Import a file"),
            form=form,
            transfer=action,
            back=list_page(action),
            media=form.media,
        )

    def _open(self, request: HttpRequest, action: TransferAction, form: UploadForm) -> NumberImport | None:
        """None, and the reason at the form's file, where the file is refused."""
        file = form.cleaned_data["file"]
        try:
            row = imports.open_import(
                action,
                file_name=file.name,
                content=file.read(imports.LARGEST_FILE + 1),
                mode=form.cleaned_data["mode"],
                by=request.user,  # type: ignore[arg-type]
            )
        except imports.ImportRefused as error:
            form.add_error("file", str(error.sentence))
            return None
        imports.start_check(row)
        return row

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.row_or_404(request, object_id or "")
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        _show_where(request, row.action, (list_url_of(row.action), _("Imports")), ("", row.file_name))
        return self.page(
            request,
            "triptyque/transfers/import.html",
            title=row.file_name,
            media=self.media,
            **self._facts(request, row),
        )

    def state_view(self, request: HttpRequest, import_id: Any) -> HttpResponse:
        """What changes while a worker is at it; the page asks for it."""
        row = self._row(request, import_id)
        return render(request, "triptyque/transfers/import_state.html", self._facts(request, row))

    def _facts(self, request: HttpRequest, row: NumberImport) -> dict[str, Any]:
        bad = row.counts.get("bad", 0)
        found = () if row.is_moving else imports.problems(row)
        return {
            "row": row,
            "badge": state_badge(row),
            "transfer": row.action,
            "counts": row.counts,
            "bad": bad,
            "unfixable": bad - row.counts.get("suggestions", 0),
            "error": imports.error_sentence(row),
            "percent": min(100, 100 * row.progress // row.total) if row.total else 0,
            "problems": Paginator(found, PER_PAGE).get_page(request.GET.get("p")),
            "may_edit": may_edit(request, self),
            "may_confirm": row.state == ImportState.CHECKED
            or (row.state == ImportState.FAILED and "new" in row.counts),
            "can_write": row.counts.get("lines", 0) > bad - row.counts.get("suggestions", 0),
            "list_url": list_page(row.action),
            "new_url": new_url(row.action),
        }

    # --- what editors do --------------------------------------------------------------------------

    def confirm_view(self, request: HttpRequest, import_id: Any) -> HttpResponse:
        row = self._row(request, import_id, editing=True)
        chosen = {name: request.POST.get(name) == "on" for name in ("take_suggestions", "skip_bad_lines")}
        try:
            imports.confirm(row, **chosen)
        except imports.ImportRefused as error:
            messages.error(request, str(error.sentence))
        except imports.WrongState:
            messages.warning(request, _("This import has moved on meanwhile: here is where it stands."))
        return HttpResponseRedirect(import_url(row))

    def cancel_view(self, request: HttpRequest, import_id: Any) -> HttpResponse:
        row = self._row(request, import_id, editing=True)
        if imports.cancel(row):
            messages.success(request, _("The import is cancelled: nothing was written."))
        else:
            messages.warning(request, _("This import has moved on meanwhile: here is where it stands."))
        return HttpResponseRedirect(import_url(row))

    # --- files ------------------------------------------------------------------------------------

    def report_view(self, request: HttpRequest, import_id: Any) -> HttpResponse:
        name, content = imports.report(self._row(request, import_id))
        return HttpResponse(content, "text/csv; charset=utf-8", headers=_as_file(name))

    def example_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        content = b"\xef\xbb\xbf" + EXAMPLE.encode()
        return HttpResponse(content, "text/csv; charset=utf-8", headers=_as_file("numbers.csv"))

    def export_view(self, request: HttpRequest, format: str) -> HttpResponseBase:
        action = asked_action(request)
        if action is None or format not in imports.FORMATS:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        return imports.send_export(action, format)

    # --- who may ----------------------------------------------------------------------------------

    def _row(self, request: HttpRequest, import_id: Any, *, editing: bool = False) -> NumberImport:
        row: NumberImport = self.row_or_404(request, str(import_id))
        allowed = may_edit(request, self) if editing else self.has_view_permission(request, row)
        if not allowed:
            raise PermissionDenied
        return row

    def _action_to_fill(self, request: HttpRequest) -> TransferAction:
        action = asked_action(request)
        if not may_edit(request, self):
            raise PermissionDenied
        if action is None:
            raise Http404
        return action


def may_edit(request: HttpRequest, model_admin: NumberImportAdmin) -> bool:
    """Editors import; the rows themselves are records that nobody writes."""
    return model_admin._has(request, Rank.EDITOR)


def state_badge(row: NumberImport) -> SafeString:
    return badge(LOOKS.get(ImportState(row.state), "info"), row.get_state_display())


def import_url(row: NumberImport) -> str:
    return reverse("admin:transfers_numberimport_change", args=[row.pk])


def list_url_of(action: TransferAction) -> str:
    return f"{reverse('admin:transfers_numberimport_changelist')}?action={action.pk}"


def new_url(action: TransferAction) -> str:
    return f"{reverse('admin:transfers_numberimport_new')}?action={action.pk}"


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment"}


def _show_where(request: HttpRequest, action: TransferAction, *parts: tuple[str, str]) -> None:
    show_where(request, action, (list_page(action), _("Destinations")), *parts)
