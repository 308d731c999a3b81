"""SIP addresses that a call may be transferred to: sip: and sips: as RFC 3261 section 25.1 writes them.

Stricter than the RFC in what could steer more than the destination: no password, no headers (``?…``), no
``method``, no escaped control character.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST_SIP_URI = 255

_ESCAPED = r"%(?![01][0-9A-Fa-f]|7[Ff])[0-9A-Fa-f]{2}"
_USER = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|{_ESCAPED})+"
_PARAMETER = rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|{_ESCAPED})+"
_URI = re.compile(
    rf"(?P<scheme>sips?):(?:{_USER}@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{{1,5}}))?"
    rf"(?P<parameters>(?:;{_PARAMETER}(?:={_PARAMETER})?)*)",
    re.ASCII,
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)


def normalise_sip_uri(value: str) -> str:
    """Without spaces around it, the scheme in small letters."""
    scheme, colon, rest = value.strip().partition(":")
    return f"{scheme.lower()}{colon}{rest}"


def validate_sip_uri(value: str) -> None:
    """Raises ValidationError unless ``value`` is one SIP address and nothing more."""
    found = _URI.fullmatch(value) if len(value) <= LONGEST_SIP_URI else None
    if found is None or not is_host(found["host"]) or not _is_port(found["port"]):
        raise ValidationError(
            _("“%(value)s” is not a SIP address; write for example sip:support@pbx.example.com."),
            code="invalid",
            params={"value": value[:100]},
        )
    names = [parameter.partition("=")[0].lower() for parameter in found["parameters"].split(";")[1:]]
    if "method" in names or len(set(names)) < len(names):
        raise ValidationError(_("This SIP address has a parameter that is not allowed, or one twice."), code="invalid")


def sip_uri_errors(value: str) -> list[str]:
    """The sentences of :func:`validate_sip_uri`, none for a good address."""
    try:
        validate_sip_uri(value)
    except ValidationError as error:
        return list(error.messages)
    return []


def is_host(value: str) -> bool:
    """A name or an IP address as a URI has it: IPv6 in brackets."""
    if value.startswith("["):
        return _is_ip(IPv6Address, value[1:-1])
    labels = value.removesuffix(".").split(".")
    if labels[-1].isdigit():
        return _is_ip(IPv4Address, value)
    return len(value) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def _is_ip(family: type[IPv4Address] | type[IPv6Address], value: str) -> bool:
    try:
        family(value)
    except AddressValueError:
        return False
    return True


def _is_port(value: str | None) -> bool:
    return value is None or 1 <= int(value) <= 65_535
