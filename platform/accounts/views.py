"""The language switch, and the account that a member works in."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django_scopes import scopes_disabled

from accounts.middleware import ACCOUNT_SESSION_KEY
from accounts.models import Account, Language

A_YEAR_S = 365 * 24 * 3600


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the choice in a cookie and, for somebody signed in, on the user."""
    language = request.POST.get("language", "")
    response = HttpResponseRedirect(_next(request))
    if language in Language.values:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=A_YEAR_S, samesite="Lax")
        if request.user.is_authenticated and request.user.language != language:
            request.user.language = language
            request.user.save(update_fields=["language"])
    return response


@require_POST
def switch_account(request: HttpRequest) -> HttpResponse:
    """404 for an account that the user may not enter."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    with scopes_disabled():
        accounts = Account.objects.all()
        if not request.user.is_staff:
            accounts = accounts.filter(memberships__user=request.user, is_active=True)
        account = get_object_or_404(accounts, slug=request.POST.get("account", ""))
    request.session[ACCOUNT_SESSION_KEY] = account.pk
    return HttpResponseRedirect(_next(request))


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else "/admin/"
