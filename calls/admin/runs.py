"""Runs across calls: what failed, and another try for what was given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from accounts.admin_base import Rank, RecordAdmin, badge, nowrap, with_icon
from actions.registry import kinds
from calls.admin import words
from calls.admin.carrying_out import carried_out, say_retried, say_skipped
from calls.admin.filters import PeriodFilter
from calls.after import dead
from calls.models import Run, RunState

LARGE_COLUMNS = ("arguments", "result", "directives", "variables", "trace", "warnings")


@admin.register(Run)
class RunAdmin(RecordAdmin):
    list_display: tuple[str, ...] = (
        "created", "what", "moment", "state_label", "attempt", "duration", "error", "call_link",
    )  # fmt: skip
    list_display_links = None
    list_filter: tuple[Any, ...] = (
        ("state", ChoicesDropdownFilter),
        ("moment", ChoicesDropdownFilter),
        ("call__agent", RelatedDropdownFilter),
        PeriodFilter,
    )
    list_select_related = ("call",)
    search_fields: tuple[str, ...] = ("action_name", "error_message", "call__from_number", "call__to_number")
    search_help_text = gettext_lazy("Search by action, error or number")
    ordering = ("-created_at", "-id")
    actions: tuple[str, ...] | None = ("retry_given_up",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        runs: QuerySet[Run] = super().get_queryset(request)
        return runs.defer(*LARGE_COLUMNS).only(
            "created_at", "action_name", "kind", "moment", "state", "attempt", "duration_ms", "error_message",
            "skipped_reason", "call__from_number", "call__to_number", "account_id",
        )  # fmt: skip

    @display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, run: Run) -> SafeString:
        return nowrap(run.created_at)

    @display(description=gettext_lazy("action"), ordering="action_name")
    def what(self, run: Run) -> SafeString | str:
        return with_icon(kinds.get(run.kind).icon, run.action_name) if run.kind in kinds else run.action_name

    @display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, run: Run) -> SafeString:
        return badge(words.RUN_BADGES[RunState(run.state)], run.get_state_display())

    @display(description=gettext_lazy("duration"), ordering="duration_ms")
    def duration(self, run: Run) -> str:
        return words.milliseconds(run.duration_ms)

    @display(description=gettext_lazy("error"))
    def error(self, run: Run) -> str:
        return Truncator(run.error_message or run.skipped_reason).chars(60)

    @display(description=gettext_lazy("call"))
    def call_link(self, run: Run) -> SafeString:
        return format_html('<a class="tq-strong tq-nowrap" href="{}">{}</a>', run_url(run), run.call)

    # --- trying again -------------------------------------------------------------------------------

    def has_retry_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, Rank.EDITOR)

    @admin.action(description=gettext_lazy("Try again"), permissions=["retry"])
    def retry_given_up(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        say_retried(request, carried_out(request.user, dead.retry, queryset, "Tried again."))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:run_id>/retry/", wrap(self.retry_view), name="calls_run_retry"),
            path("<uuid:run_id>/skip/", wrap(self.skip_view), name="calls_run_skip"),
            *super().get_urls(),
        ]

    def retry_view(self, request: HttpRequest, run_id: Any) -> HttpResponse:
        return self._do(request, run_id, dead.retry, "Tried again.", say_retried)

    def skip_view(self, request: HttpRequest, run_id: Any) -> HttpResponse:
        return self._do(request, run_id, dead.skip, "Skipped.", say_skipped)

    def _do(
        self,
        request: HttpRequest,
        run_id: Any,
        work: Callable[..., list[UUID]],
        note: str,
        say: Callable[[HttpRequest, int], None],
    ) -> HttpResponse:
        if not self.has_retry_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        run: Run = self.row_or_404(request, run_id)
        say(request, carried_out(request.user, work, Run.objects.filter(pk=run.pk), note))
        return HttpResponseRedirect(run_url(run))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A run is read inside its call."""
        return HttpResponseRedirect(run_url(self.row_or_404(request, object_id)))


def run_url(run: Run) -> str:
    return f"{reverse('admin:calls_call_change', args=[run.call_id])}#run-{run.pk}"
