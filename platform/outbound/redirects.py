"""What is asked next when an answer says "elsewhere" (RFC 9110, section 15.4; Fetch, "HTTP-redirect fetch")."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _
from yarl import URL

from outbound.errors import OutboundError, shown_url
from outbound.messages import OutgoingRequest
from outbound.targets import Target, parse_target

STATUSES = frozenset({301, 302, 303, 307, 308})

# All other headers may be secrets, whatever their name: they stay with the host they were meant for.
_CROSS_ORIGIN_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})


def follow(request: OutgoingRequest, target: Target, status: int, location: str) -> tuple[OutgoingRequest, Target]:
    """The request that follows ``request`` (sent to ``target``); raises :class:`OutboundError`."""
    try:
        joined = str(target.url.join(URL(location)))
    except (ValueError, IndexError, TypeError):
        message = _("%(url)s redirects to something that is not a URL.") % {"url": shown_url(target.url)}
        raise OutboundError(message, "bad_response") from None
    following = parse_target(joined)
    if target.url.scheme == "https" and following.url.scheme == "http":
        message = _("%(url)s redirects from https to http: refused.") % {"url": shown_url(target.url)}
        raise OutboundError(message, "insecure_redirect", True)
    request = replace(request, url=joined, query=())
    if following.origin != target.origin:
        request = _keep_headers(request, _CROSS_ORIGIN_HEADERS)
    if (status == 303 and request.method != "HEAD") or (status in (301, 302) and request.method == "POST"):
        request = replace(_without_content_headers(request), method="GET", body=None)
    return request, following


def _keep_headers(request: OutgoingRequest, names: frozenset[str]) -> OutgoingRequest:
    return replace(request, headers={name: text for name, text in request.headers.items() if name.lower() in names})


def _without_content_headers(request: OutgoingRequest) -> OutgoingRequest:
    kept = frozenset(name.lower() for name in request.headers if not name.lower().startswith("content-"))
    return _keep_headers(request, kept)
