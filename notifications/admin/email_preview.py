"""The page that shows an email as it would be after a call of the past."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.formats import localize
from django.utils.http import urlencode
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.admin_base import breadcrumbs
from actions.admin.actions import KindAdmin
from actions.admin.moments import change_url, list_url
from actions.contract import ActionError, CallContext, FreezeError, Moment
from actions.past_calls import PastCall, past_calls
from notifications.email.trying import preview, send_test
from notifications.kinds.email import EmailAction

MOST_CALLS = 20


class CallForm(forms.Form):
    call = forms.ChoiceField(label=gettext_lazy("Call"), widget=UnfoldAdminSelectWidget())

    def __init__(self, calls: list[PastCall], chosen: str) -> None:
        super().__init__(initial={"call": chosen})
        self.fields["call"].choices = [  # type: ignore[attr-defined]
            (str(call.id), f"{localize(localtime(call.begun_at))} · {call.title}") for call in calls
        ]


class PreviewPage(KindAdmin):
    """Adds the page, and a button that leads to it."""

    actions_detail = ("preview",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("<int:action_id>/preview/", view, name="notifications_email_preview"), *super().get_urls()]

    @action(description=gettext_lazy("Preview"), permissions=["view"], icon="visibility")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:notifications_email_preview", args=[object_id]))

    def preview_view(self, request: HttpRequest, action_id: int) -> HttpResponse:
        row: EmailAction = self.row_or_404(request, str(action_id))
        calls = list(past_calls().latest(row.agent_id, MOST_CALLS))
        asked = request.GET.get("call") or (str(calls[0].id) if calls else "")
        context = self._context(row, asked) if asked else None
        if request.method == "POST":
            return self._send_test(request, row, context, asked)
        return self._show(request, row, calls, asked, context)

    def _show(
        self, request: HttpRequest, row: EmailAction, calls: list[PastCall], asked: str, context: CallContext | None
    ) -> HttpResponse:
        request.moment = Moment.AFTER  # type: ignore[attr-defined]
        breadcrumbs(
            request, (list_url(Moment.AFTER), Moment.AFTER.label), (change_url(row), row.name), ("", _("Preview"))
        )
        return self.page(
            request,
            "triptyque/email/preview.html",
            title=_("Preview"),
            form=CallForm(calls, asked),
            preview=preview(row, context) if context is not None else None,
            agent=row.agent,
            action_url=change_url(row),
            call_url=reverse("admin:calls_call_change", args=[asked]) if asked else "",
            may_send=self.has_change_permission(request, row),
        )

    def _context(self, row: EmailAction, asked: str) -> CallContext:
        try:
            context = past_calls().context(row.agent_id, UUID(asked), row)
        except ValueError:
            context = None
        if context is None:
            raise Http404
        return context

    def _send_test(
        self, request: HttpRequest, row: EmailAction, context: CallContext | None, asked: str
    ) -> HttpResponse:
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        if context is None:
            raise Http404
        to = request.user.email  # type: ignore[union-attr]
        try:
            send_test(row, context, to)
        except (ActionError, FreezeError) as error:
            reason = error.message if isinstance(error, ActionError) else _("It cannot be published like this.")
            messages.error(request, _("The test could not be sent: %(reason)s") % {"reason": reason})
        else:
            messages.success(request, _("The test was sent to %(address)s.") % {"address": to})
        page = reverse("admin:notifications_email_preview", args=[row.pk])
        return HttpResponseRedirect(f"{page}?{urlencode({'call': asked})}")
