"""The before-call cache as people see it: what it does for each action, and how it is emptied."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin_base import Rank, RecordAdmin, breadcrumbs
from accounts.problems import Problem
from actions.admin.moments import change_url, list_url
from actions.contract import JSON, Moment
from actions.models import Action, Agent
from calls.admin import words
from calls.cache import emptying, live
from calls.cache.keys import MOST_BYTES
from calls.cache.report import CachedAction, cached_action, cached_actions
from calls.cache.rows import CacheUsage

RESULTS = words.CACHE_RESULTS


@admin.register(CacheUsage)
class CacheAdmin(RecordAdmin):
    """Pages of their own: what was counted means something only as a whole."""

    def has_empty_permission(self, request: HttpRequest) -> bool:
        return self._has(request, Rank.EDITOR)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """The navigation leads here."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("", page(self.overview), name="calls_cacheusage_changelist"),
            path("action/<int:action_id>/", page(self.of_action), name="calls_cacheusage_action"),
        ]

    def overview(self, request: HttpRequest) -> HttpResponse:
        account_id = self._account_id(request)
        if request.method == "POST":
            self._empty_account(request, account_id)
            return HttpResponseRedirect(request.path)
        breadcrumbs(request, ("", _("Before-call cache")))
        return self.page(
            request,
            "triptyque/calls/caches.html",
            title=_("Before-call cache"),
            rows=[_shown(each) for each in cached_actions(account_id)],
            is_on=request.account.before_call_cache,  # type: ignore[attr-defined]
            may_empty=self.has_empty_permission(request),
            actions_url=list_url(Moment.BEFORE),
        )

    def of_action(self, request: HttpRequest, action_id: int) -> HttpResponse:
        account_id = self._account_id(request)
        cached = self._cached(account_id, action_id)
        if cached is None:
            return self._without(request, action_id)
        if request.method == "POST":
            self._do(request, account_id, cached)
            return HttpResponseRedirect(request.path)
        name = cached.planned.name
        breadcrumbs(request, (reverse("admin:calls_cacheusage_changelist"), _("Before-call cache")), ("", name))
        action = Action.objects.filter(pk=action_id).first()
        return self.page(
            request,
            "triptyque/calls/cache.html",
            title=_("Before-call cache"),
            row=_shown(cached),
            settings=cached.planned.before.settings.cache if cached.planned.before else None,
            recent=[_recent(each) for each in cached.use.recent],
            action_url=change_url(action) if action else "",
            is_on=request.account.before_call_cache,  # type: ignore[attr-defined]
            may_empty=self.has_empty_permission(request),
        )

    # --- what the buttons do ------------------------------------------------------------------------

    def _do(self, request: HttpRequest, account_id: int, cached: CachedAction) -> None:
        if not self.has_empty_permission(request):
            raise PermissionDenied
        match request.POST.get("do"):
            case "all":
                emptying.empty_action(account_id, cached.action_id)
                self._say(request, cached, _("Every result of “%(name)s” is gone.") % {"name": cached.planned.name})
            case "number":
                self._forget_number(request, account_id)
            case "name":
                name = request.POST.get("name", "")[:64]
                self._erased(request, lambda: emptying.forget_name(account_id, cached.action_id, name))
            case "key":
                written = [request.POST.get(f"key-{at}", "") for at in range(len(cached.keys))]
                self._erased(request, lambda: _forget_key(account_id, cached, written))
            case "pause" | "resume" as wish:
                live.pause(account_id, cached.action_id, paused=wish == "pause")
                text = _("The cache is disabled.") if wish == "pause" else _("The cache is enabled again.")
                self._say(request, cached, text)

    def _empty_account(self, request: HttpRequest, account_id: int) -> None:
        if not self.has_empty_permission(request):
            raise PermissionDenied
        if request.POST.get("do") == "number":
            self._forget_number(request, account_id)
        elif request.POST.get("do") == "all":
            emptying.empty_account(account_id)
            messages.success(request, _("Every result of the account is gone."))

    def _forget_number(self, request: HttpRequest, account_id: int) -> None:
        number = request.POST.get("number", "").strip()[:50]
        if not number:
            messages.error(request, _("Write a phone number."))
            return
        self._erased(request, lambda: emptying.forget_number(account_id, number))

    def _erased(self, request: HttpRequest, erase: Any) -> None:
        try:
            count = erase()
        except Problem as problem:
            messages.error(request, str(problem.title))
            return
        text = ngettext("%(count)d result is erased.", "%(count)d results are erased.", count)
        messages.success(request, text % {"count": count}) if count else messages.info(request, _("Nothing was kept."))

    def _say(self, request: HttpRequest, cached: CachedAction, text: str) -> None:
        action = Action.objects.filter(pk=cached.action_id).first()
        if action is not None:
            self.log_change(request, action, text)
        messages.success(request, text)

    # --- what is there ------------------------------------------------------------------------------

    def _account_id(self, request: HttpRequest) -> int:
        if not self.has_view_permission(request):
            raise PermissionDenied
        account_id: int = request.account.pk  # type: ignore[attr-defined]
        return account_id

    def _cached(self, account_id: int, action_id: int) -> CachedAction | None:
        action = Action.objects.select_related("agent").filter(pk=action_id).first()
        agents = [action.agent] if action else list(Agent.objects.filter(current_release__isnull=False))
        found = (cached_action(account_id, agent, action_id) for agent in agents)
        return next((each for each in found if each is not None), None)

    def _without(self, request: HttpRequest, action_id: int) -> HttpResponse:
        """An action of the account whose published version keeps nothing. Raises Http404."""
        action = Action.objects.select_related("agent").filter(pk=action_id).first()
        if action is None:
            raise Http404
        text = _("The published version of “%(agent)s” keeps no results of “%(name)s” yet. Enable it, and publish.")
        messages.info(request, text % {"agent": action.agent.name, "name": action.name})
        return HttpResponseRedirect(change_url(action))


def _forget_key(account_id: int, cached: CachedAction, written: Sequence[str]) -> int:
    """``written`` as a form has it: 42 erases what was kept for the number as well as for the text."""
    keys = product(*(_meanings(text) for text in written))
    return sum(
        emptying.forget_key(account_id, cached.planned, dict(zip(cached.keys, values, strict=True))) for values in keys
    )


def _meanings(text: str) -> list[JSON]:
    """What a text of the form may have been in the call: itself, and what it is as JSON."""
    if len(text) > MOST_BYTES:
        return [text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return [text, value]


def _shown(cached: CachedAction) -> dict[str, Any]:
    use, kept = cached.use, cached.kept
    rate = use.hit_rate
    return {
        "cached": cached,
        "url": reverse("admin:calls_cacheusage_action", args=[cached.action_id]),
        "rate": None if rate is None else round(rate * 100),
        "saved": words.milliseconds(use.saved_ms),
        "kept": kept,
    }


def _recent(each: dict[str, JSON]) -> dict[str, Any]:
    label, badge = RESULTS.get(str(each.get("result")), (each.get("result"), "default"))
    return {
        "at": parse_datetime(str(each.get("at"))),
        "label": label,
        "badge": badge,
        "key": each.get("key") or {},
        "name": each.get("name", ""),
    }
