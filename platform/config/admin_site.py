"""The admin site: open to members of an account by their role, and to platform staff."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from accounts.models import Account
from accounts.views import A_YEAR_S

MOST_CHOICES = 100


class TriptyqueAdminSite(UnfoldAdminSite):
    index_title = _("Overview")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not user.is_active or not user.is_authenticated:
            return False
        return user.is_staff or getattr(request, "account", None) is not None

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"account_choices": _account_choices(request)}

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """After it, the pages speak the user's language, whatever the login page spoke."""
        response: HttpResponse = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, request.user.language, max_age=A_YEAR_S, samesite="Lax")
        return response

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Applications mean nothing to people who configure calls: the overview is the only index."""
        return HttpResponseRedirect(reverse("admin:index"))


def _account_choices(request: HttpRequest) -> list[Account]:
    """The accounts that somebody may enter; platform staff may enter every one."""
    user = request.user
    if not user.is_authenticated:
        return []
    accounts = Account.objects.order_by("name")
    if not user.is_staff:
        accounts = accounts.filter(memberships__user=user, is_active=True)
    return list(accounts[:MOST_CHOICES])
