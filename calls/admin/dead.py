"""Dead letters across calls: what was given up after the call, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from accounts.admin_base import nowrap
from actions.registry import kinds
from calls.admin.carrying_out import carried_out, say_retried, say_skipped
from calls.admin.filters import PeriodFilter
from calls.admin.runs import RunAdmin
from calls.after import dead
from calls.models import DeadRun, Run


class KindFilter(DropdownFilter):
    title = gettext_lazy("kind of action")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(kind.name, kind.label) for kind in kinds if "after" in kind.moments]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(DeadRun)
class DeadRunAdmin(RunAdmin):
    list_display = ("given_up", "what", "reason", "attempt", "call_link")
    list_filter = (("call__agent", RelatedDropdownFilter), KindFilter, PeriodFilter)
    search_fields = ("action_name", "error_code", "error_message", "call__from_number", "call__to_number")
    actions = ("retry_given_up", "skip_given_up")
    list_before_template = "triptyque/calls/dead_runs.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return dead.dead_runs(super().get_queryset(request))

    @display(description=gettext_lazy("given up"), ordering="finished_at")
    def given_up(self, run: Run) -> SafeString:
        return nowrap(run.finished_at)

    @display(description=gettext_lazy("reason"))
    def reason(self, run: Run) -> str:
        return Truncator(run.error_message).chars(160)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"may_retry": self.has_retry_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    # --- what to do about them ----------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Skip for good"), permissions=["retry"])
    def skip_given_up(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        say_skipped(request, carried_out(request.user, dead.skip, queryset, "Skipped."))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("retry-all/", wrap(self.retry_all_view), name="calls_deadrun_retry_all"),
            path("skip-all/", wrap(self.skip_all_view), name="calls_deadrun_skip_all"),
            *super(RunAdmin, self).get_urls(),
        ]

    def retry_all_view(self, request: HttpRequest) -> HttpResponse:
        """All of the list as it is filtered now, whatever its pages."""
        return self._all(request, dead.retry, "Tried again.", say_retried)

    def skip_all_view(self, request: HttpRequest) -> HttpResponse:
        return self._all(request, dead.skip, "Skipped.", say_skipped)

    def _all(
        self, request: HttpRequest, work: Callable[..., list[UUID]], note: str, say: Callable[[HttpRequest, int], None]
    ) -> HttpResponse:
        if not self.has_retry_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        shown = self.get_changelist_instance(request).get_queryset(request)
        say(request, carried_out(request.user, work, Run.objects.filter(pk__in=shown.order_by().values("pk")), note))
        return HttpResponseRedirect(reverse("admin:calls_deadrun_changelist"))
