"""What a page of ours may load and run."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.translation import gettext as _

# As tight as the admin's theme allows (tried: with less, not even its login works):
# - 'unsafe-eval': its Alpine evaluates the expressions written in attributes;
# - inline styles: its colours and chart sizes are style elements and attributes.
# No script is inline, and nothing comes from another host.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class ContentSecurityPolicyMiddleware:
    """Says so on every HTML page; JSON and files carry no policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class NoNulMiddleware:
    """Refuses NUL characters in addresses and forms: PostgreSQL stores and compares none.

    The API says so itself, in its own words.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/") and _holds_nul(request):
            return HttpResponseBadRequest(_("This request holds characters that no text may hold."), "text/plain")
        return self.get_response(request)


def _holds_nul(request: HttpRequest) -> bool:
    texts = [request.path_info]
    for data in (request.GET, request.POST):
        for name, values in data.lists():
            texts += [name, *map(str, values)]
    return any("\x00" in text for text in texts)
