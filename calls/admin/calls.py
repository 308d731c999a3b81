"""Calls: a list, and for each the story from ring to report."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from accounts.admin_base import Rank, RecordAdmin, badge, breadcrumbs, nowrap
from calls.admin import words
from calls.admin.filters import DayRangeFilter
from calls.admin.timeline import bubbles, sections
from calls.external_ids import ExternalId
from calls.models import Call, CallState, Event, Run, RunState

LARGE_COLUMNS = ("answer", "transcript", "context", "parameters", "agent_configuration", "sip_headers", "summary")
LIKE_A_NUMBER = re.compile(r"[+(\d][\d\s./()-]*")


@admin.register(Call)
class CallAdmin(RecordAdmin):
    list_display = (
        "begun", "agent_name", "numbers", "direction", "state_label", "duration", "labels", "runs",
    )  # fmt: skip
    list_display_links = ("begun",)
    list_filter = (
        ("agent", RelatedDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("direction", ChoicesDropdownFilter),
        ("begun_at", DayRangeFilter),
    )
    list_select_related = ("agent",)
    search_fields = ("from_number", "to_number", "external_id")
    search_help_text = gettext_lazy("Search by number or identifier")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        calls: QuerySet[Call] = super().get_queryset(request)
        return calls.defer(*LARGE_COLUMNS).prefetch_related(
            Prefetch("runs", Run.objects.only("call_id", "state").order_by(), to_attr="run_states")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Call], search_term: str
    ) -> tuple[QuerySet[Call], bool]:
        """A number is found however it is written: ``01 99 00 00 01`` is in ``+33199000001``."""
        term = search_term.strip()
        if LIKE_A_NUMBER.fullmatch(term):
            digits = re.sub(r"\D", "", term).lstrip("0")
            matches = Q(from_number__contains=digits) | Q(to_number__contains=digits)
            return queryset.filter(matches | Q(external_id__icontains=term) | _known_as(term)), False
        try:
            return queryset.filter(Q(pk=uuid.UUID(term)) | Q(external_id=term) | _known_as(term)), False
        except ValueError:
            matches = Q(from_number__icontains=term) | Q(to_number__icontains=term) | Q(external_id__icontains=term)
            return queryset.filter(matches | _known_as(term)), False

    # --- columns ----------------------------------------------------------------------------------

    @display(description=gettext_lazy("begun"), ordering="begun_at")
    def begun(self, call: Call) -> SafeString:
        return nowrap(call.begun_at)

    @display(description=gettext_lazy("agent"), ordering="agent__name")
    def agent_name(self, call: Call) -> str:
        return call.agent.name

    @display(description=gettext_lazy("from → to"))
    def numbers(self, call: Call) -> SafeString:
        return nowrap(call)

    @display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, call: Call) -> SafeString:
        return badge(words.CALL_BADGES[CallState(call.state)], call.get_state_display())

    @display(description=gettext_lazy("duration"), ordering="duration_s")
    def duration(self, call: Call) -> str:
        return words.duration(call.duration_s)

    @display(description=gettext_lazy("classification"))
    def labels(self, call: Call) -> SafeString:
        badges = format_html_join(
            " ", '<span class="tq-badge">{}</span>', ((v,) for v in call.classifications.values())
        )
        return format_html('<span class="tq-badges">{}</span>', badges)

    @display(description=gettext_lazy("runs"))
    def runs(self, call: Any) -> SafeString:
        states = [run.state for run in call.run_states]
        counts = [(words.RUN_BADGES[state], state.label, states.count(state)) for state in RunState]
        badges = [row for row in counts if row[2]]
        inside = format_html_join(" ", '<span class="tq-badge tq-badge-{}" title="{}">{}</span>', badges)
        return format_html('<span class="tq-badges">{}</span>', inside)

    # --- one call -----------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found: Call = self.row_or_404(request, object_id)
        call = Call.objects.select_related("agent", "release").defer("release__snapshot").get(pk=found.pk)
        runs = list(Run.objects.filter(call=call).order_by("created_at", "id"))
        events = Event.objects.filter(call=call).order_by("received_at", "id")
        breadcrumbs(request, (reverse("admin:calls_call_changelist"), _("Calls")), ("", str(call)))
        return self.page(
            request,
            "triptyque/calls/call.html",
            title=str(call),
            original=call,
            call=call,
            state_badge=words.CALL_BADGES[CallState(call.state)],
            duration=words.duration(call.duration_s),
            labels=words.labels(call),
            external_ids=call.external_ids.all(),
            sections=sections(runs, events, with_transcript=not call.transcript),
            bubbles=bubbles(call),
            may_retry=self._has(request, Rank.EDITOR),
            waits=any(not run.is_finished for run in runs),
        )


def _known_as(term: str) -> Q:
    """Calls that another system knows by exactly this."""
    return Q(pk__in=ExternalId.objects.filter(value=term).values("call"))
