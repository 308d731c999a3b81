"""What goes out and what comes back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.json_values import quick_json
from outbound.errors import OutboundError, shown_url

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE_REFUSED = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
# The connection is the client's business, not the caller's (RFC 9110, section 7.6.1).
_HEADERS_REFUSED = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate"}
    | {"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """A request to send; ``query`` is added to the URL's own. Its repr shows no secrets."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    body: bytes | None = None

    def __repr__(self) -> str:
        return f"<OutgoingRequest {self.method} {shown_url(self.url)}>"

    def query_pairs(self) -> Iterable[tuple[str, str]]:
        return self.query.items() if isinstance(self.query, Mapping) else self.query

    def check(self) -> None:
        """Refuse what must not be written to a connection: :class:`OutboundError`, invalid_request."""
        if self.method not in METHODS:
            raise _refused(_("The method %(method)s is not supported.") % {"method": self.method[:20]})
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise _refused(_("A header has an invalid name."))
            if name.lower() in _HEADERS_REFUSED:
                raise _refused(_("The header %(name)s cannot be set: it is managed automatically.") % {"name": name})
            if _HEADER_VALUE_REFUSED.search(value):
                raise _refused(_("The header %(name)s contains a line break or a control character.") % {"name": name})


@dataclass(frozen=True, slots=True)
class IncomingResponse:
    """An answer, whatever its status.

    ``headers`` have lower-case names, repeated ones joined by a comma; ``body`` is decompressed; ``url`` is
    where the answer came from, after ``redirects`` hops. It may hold secrets: show it by ``shown_url``.
    ``sent`` is the request as it was sent the first time, its credentials masked, for traces.
    """

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    elapsed_ms: float
    url: str = field(repr=False)
    redirects: int = 0
    sent: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self) -> str:
        """The body in its declared encoding, else UTF-8; what does not decode is replaced."""
        declared = re.search(r"charset=\"?([\w.:-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        try:
            return self.body.decode(declared[1] if declared else "utf-8", "replace")
        except (LookupError, ValueError):
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, whatever its declared type; raises :class:`OutboundError`, not_json.

        Stricter than ``json.loads``: NaN and infinite numbers are refused, for no database stores them.
        """
        with suppress(ValueError):
            return quick_json(self.body.decode())
        try:
            try:
                return _loads(self.body)
            except UnicodeDecodeError:
                return _loads(self.text())
        except (ValueError, RecursionError):
            pass
        message = _("The answer (status %(status)d) is not valid JSON.") % {"status": self.status}
        raise OutboundError(message, "not_json")


def _loads(body: bytes | str) -> Any:
    text = body if isinstance(body, str) else body.decode(json.detect_encoding(body), "surrogatepass")
    return _DECODER.decode(text)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(text)
    return number


_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)


def _refused(message: str) -> OutboundError:
    return OutboundError(message, "invalid_request", True)
