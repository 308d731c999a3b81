"""The language of the page, and the account that a member is working in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django_scopes import scope, scopes_disabled

from accounts.models import Account, Membership

if TYPE_CHECKING:
    Handler = Callable[[HttpRequest], HttpResponse]

ACCOUNT_SESSION_KEY = "account"


class LanguageMiddleware:
    """The cookie of the language switch, else Accept-Language; the user's own choice is put in it at login."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = translation.get_language_from_request(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


class AdminAccountMiddleware:
    """Puts ``request.account`` and ``request.membership`` on the request and enters the account's scope.

    The API has its own edge (``accounts.api.scoping``): with a key there is no session.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        account, membership = current_account(request)
        request.account, request.membership = account, membership  # type: ignore[attr-defined]
        if account is None:
            return self.get_response(request)
        with scope(account=account), timezone.override(request.user.time_zone):  # type: ignore[union-attr]
            response = self.get_response(request)
            # Admin pages render late; their queries belong inside the scope.
            if hasattr(response, "render") and callable(response.render):
                response = response.render()
        return response


def current_account(request: HttpRequest) -> tuple[Account | None, Membership | None]:
    """The account chosen in this session, else the user's first one; platform staff may enter any."""
    user = request.user
    if not user.is_authenticated or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None, None
    with scopes_disabled():
        memberships = {
            membership.account_id: membership
            for membership in Membership.objects.filter(user=user, account__is_active=True)
            .select_related("account")
            .order_by("account__name")
        }
        chosen = request.session.get(ACCOUNT_SESSION_KEY)
        if chosen in memberships:
            return memberships[chosen].account, memberships[chosen]
        if user.is_staff and chosen is not None and (account := Account.objects.filter(pk=chosen).first()):
            return account, None
        if memberships:
            first = next(iter(memberships.values()))
            return first.account, first
        return (Account.objects.order_by("name").first(), None) if user.is_staff else (None, None)
