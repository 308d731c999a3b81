"""From what somebody typed as a URL or a host to one unambiguous spelling, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from django.utils.translation import gettext as _
from yarl import URL

from outbound.addresses import Address
from outbound.errors import OutboundError

URL_MAX_CHARS = 16_384

_SCHEMES = {"http", "https"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
# Underscores are no part of host names, but of many names on private networks.
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*")
# What C libraries read as an IPv4 address: `2130706433`, `0x7f.1`, `0177.0.0.1`.
_NUMERIC_END = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")
# Services that answer to lines of text, so that a request sent to them may do something.
_REFUSED_PORTS = frozenset(
    {7, 9, 19, 21, 22, 23, 25, 53, 69, 79, 110, 111, 113, 119, 135, 139, 143, 161, 179, 389, 445, 465}
    | {512, 513, 514, 515, 548, 554, 587, 636, 993, 995, 1433, 2049, 3306, 3389, 5060, 5061, 5432, 5672}
    | {6000, 6379, 6667, 11211}
)


HostAndPort = tuple[str, int | None]
"""A host in its one spelling; no port: every port."""


class InvalidHost(ValueError):
    """This is no host name and no address that we would send anything to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: ``host`` as it is compared (lower case, no brackets), ``address`` if it is one."""

    url: URL
    host: str
    port: int
    address: Address | None

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.url.scheme, self.host, self.port)


def parse_target(text: str, query: Iterable[tuple[str, str]] = ()) -> Target:
    """Check a URL without looking anything up; raises :class:`OutboundError` (invalid_url, blocked_address).

    The URL is read by the parser that the client itself uses, so that both see the same host. ``query`` is
    added to the URL's own; the fragment is dropped.
    """
    text = text.strip()
    if len(text) > URL_MAX_CHARS:
        raise _invalid(_("The URL is too long."))
    if _CONTROLS.search(text):
        raise _invalid(_("The URL contains a line break or another control character."))
    try:
        url = URL(text)
        raw_host, port = url.raw_host, url.port
        url = url.with_fragment(None).extend_query(list(query))
    except (ValueError, IndexError, TypeError):
        raise _invalid(_("This is not a valid URL.")) from None
    if url.scheme not in _SCHEMES:
        raise _invalid(_("The URL must start with https:// or http://."))
    if "@" in url.raw_authority:
        raise _invalid(_("The URL contains a user name or a password: credentials do not belong there."))
    if not raw_host or not port:
        raise _invalid(_("The URL names no host, or port 0."))
    if port in _REFUSED_PORTS:
        raise OutboundError(
            _("Port %(port)d is not for HTTP: it is refused.") % {"port": port}, "blocked_address", True
        )
    try:
        host, address = normalise_host(raw_host)
    except InvalidHost:
        raise _invalid(_("The host in the URL is neither a valid name nor a plainly written address.")) from None
    return Target(url if host == raw_host else url.with_host(host), host, port, address)


@lru_cache(maxsize=4_096)
def normalise_host(text: str) -> tuple[str, Address | None]:
    """The one spelling of a host, and the address if it is one; raises :class:`InvalidHost`.

    Names are lower-cased, IDNA-encoded and lose one trailing dot. Addresses must be canonical: four decimal
    numbers, or IPv6 without a zone, with or without brackets.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare:
        return _normalise_ipv6(bare)
    try:
        host = URL.build(scheme="http", host=bare).raw_host or ""
    except (ValueError, IndexError, TypeError):
        raise InvalidHost(text) from None
    host = host.removesuffix(".")
    if len(host) > 253 or not _HOST.fullmatch(host) or bare != text:
        raise InvalidHost(text)
    if not _NUMERIC_END.fullmatch(host):
        return host, None
    try:
        return host, ip_address(host)
    except ValueError:
        raise InvalidHost(text) from None


def parse_entry(text: str) -> HostAndPort:
    """``crm.internal``, ``10.0.0.5:8080``, ``[fd00::1]:8080`` or ``fd00::1``; raises :class:`InvalidHost`."""
    text = text.strip()
    with_port = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", text)
    host, port = (with_port[1], int(with_port[2])) if with_port else (text, None)
    if port is not None and not 0 < port < 65_536:
        raise InvalidHost(text)
    return normalise_host(host)[0], port


def _normalise_ipv6(text: str) -> tuple[str, Address]:
    try:
        if "%" in text:
            raise InvalidHost(text)
        address = ip_address(text)
    except ValueError:
        raise InvalidHost(text) from None
    return address.compressed, address


def _invalid(message: str) -> OutboundError:
    return OutboundError(message, "invalid_url", True)
