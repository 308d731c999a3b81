"""What goes wrong on the way out, and how a URL may be shown to people."""

from __future__ import annotations

from yarl import URL

MASK = "***"

_TOKEN_MIN_CHARS = 16


class OutboundError(Exception):
    """A request could not be sent, or its answer not be taken.

    ``message`` is a translated sentence for the operator, free of credentials. ``permanent`` says that the
    same request cannot succeed later. ``code`` is one of: invalid_url, invalid_request, blocked_address,
    insecure_redirect (these four permanent), too_many_redirects (permanent where none is followed), timed_out,
    connection_failed, tls_failed, bad_response, closed_early, too_large, not_json; circuit_open, too_busy (nothing
    was sent); auth_failed (permanent or not).
    """

    def __init__(self, message: str, code: str = "failed", permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.permanent = permanent


def shown_url(url: URL | str) -> str:
    """A URL for messages and traces: no user, no password, no query values, nothing that looks like a token."""
    try:
        url = URL(url) if isinstance(url, str) else url
        host, port = url.host_subcomponent or "", url.explicit_port
        path = "/".join(_masked(part) for part in url.raw_path.split("/"))
        names = [_masked(name) for name in url.query]
    except (ValueError, IndexError):
        return MASK
    authority = f"{host}:{port}" if port is not None else host
    query = "&".join(f"{name}={MASK}" for name in names)
    return f"{url.scheme}://{authority}{path}{'?' if query else ''}{query}"


def _masked(part: str) -> str:
    """Webhook addresses carry their secret in the path: what is long and mixes letters and digits is one."""
    if len(part) < _TOKEN_MIN_CHARS:
        return part
    return MASK if any(map(str.isdigit, part)) and any(map(str.isalpha, part)) else part
