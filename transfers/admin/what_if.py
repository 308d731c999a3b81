"""“What if…”: the transfer at another time, for an editor who wonders. Asks with GET, so that it can be sent around."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin_base import breadcrumbs
from actions.admin.actions import KindAdmin
from actions.admin.moments import change_url, list_url
from actions.contract import Moment
from schedules.models import EARLIEST_YEAR, LATEST_YEAR
from transfers.action import TransferAction
from transfers.what_if import Question, what_if


class WhatIfForm(forms.Form):
    at = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=UnfoldAdminTextInputWidget({"type": "datetime-local"}),
    )
    dialled = forms.CharField(
        label=gettext_lazy("Number dialled"), max_length=40, required=False, widget=UnfoldAdminTextInputWidget()
    )
    caller = forms.CharField(
        label=gettext_lazy("Number of the caller"), max_length=40, required=False, widget=UnfoldAdminTextInputWidget()
    )
    words = forms.CharField(
        label=gettext_lazy("What the caller looks for"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )

    def __init__(self, data: Any, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.zone = zone

    def clean_at(self) -> datetime:
        """What was typed is the time of the agent, not that of the reader."""
        at: datetime = self.cleaned_data["at"].replace(tzinfo=self.zone)
        if not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
            raise forms.ValidationError(_("Give a year from 2000 to 2100."))
        return at


class WhatIfPage(KindAdmin):
    """Adds the page, and a button that leads to it."""

    actions_detail = ("what_if",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.what_if_view)
        return [path("<int:action_id>/what-if/", view, name="transfers_what_if"), *super().get_urls()]

    @action(description=gettext_lazy("What if…"), permissions=["view"], icon="schedule")
    def what_if(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:transfers_what_if", args=[object_id]))

    def what_if_view(self, request: HttpRequest, action_id: int) -> HttpResponse:
        row: TransferAction = self.row_or_404(request, str(action_id))
        zone = ZoneInfo(row.agent.time_zone)
        form = WhatIfForm(request.GET if "at" in request.GET else _first_question(row, zone), zone)
        answers = what_if(row, Question(**form.cleaned_data)) if form.is_valid() else None
        request.moment = Moment.DURING  # type: ignore[attr-defined]
        breadcrumbs(
            request, (list_url(Moment.DURING), Moment.DURING.label), (change_url(row), row.name), ("", _("What if…"))
        )
        return self.page(
            request,
            "triptyque/transfers/what_if.html",
            title=_("What if…"),
            form=form,
            answers=answers,
            agent=row.agent,
            action_url=change_url(row),
            is_directory=answers is not None
            and any(each is not None and each.is_directory for each in (answers.draft, answers.published)),
        )


def _first_question(row: TransferAction, zone: ZoneInfo) -> dict[str, str]:
    number = row.agent.numbers.first()
    return {
        "at": timezone.now().astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "dialled": number.number if number else "",
    }
