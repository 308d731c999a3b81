"""Custom SIP headers of a transfer: names as RFC 3261 allows, values that cannot inject another header."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from actions.contract import JSON, Moment
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names
from actions.expressions.templates import Template

TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,64}", re.ASCII)
"""RFC 3261 section 25.1, ``token``; the length limit is ours."""

LONGEST_VALUE = 1000
"""Characters: a SIP request over UDP should fit one packet (RFC 3261 section 18.1.1)."""

MOST_HEADERS = 20

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_SET_BY_THE_USER_AGENT = """
    accept accept-encoding allow allow-events authentication-info authorization call-id contact content-disposition
    content-encoding content-language content-length content-type cseq date event expires from identity max-forwards
    mime-version min-expires min-se path proxy-authenticate proxy-authorization proxy-require rack record-route
    refer-to referred-by replaces require route rseq server service-route session-expires subscription-state
    supported target-dialog timestamp to unsupported user-agent via www-authenticate
"""
SET_BY_THE_USER_AGENT = frozenset(_SET_BY_THE_USER_AGENT.split())
"""What a user agent writes itself (RFC 3261 section 20 and the extensions that steer a dialogue). Forging one
breaks the call or claims somebody else's identity. Single letters are their compact forms."""


def header_errors(value: object) -> list[str]:
    """Sentences about everything wrong with ``[{"name": …, "value": …}, …]``, templates not looked into."""
    if not isinstance(value, list):
        return [_("SIP headers are a list of names and values.")]
    errors: list[str] = []
    if len(value) > MOST_HEADERS:
        errors.append(_("No more than %(most)d SIP headers can be sent.") % {"most": MOST_HEADERS})
    seen: set[str] = set()
    for item in value:
        if not _is_header(item):
            errors.append(_("Each SIP header has a “name” and a “value”, both text."))
            continue
        errors += _item_errors(item["name"], item["value"])
        if item["name"].lower() in seen:
            errors.append(_("The SIP header %(name)s is there twice.") % {"name": item["name"]})
        seen.add(item["name"].lower())
    return errors


def validate_sip_headers(value: object) -> None:
    """Refuses what could never be sent; what the templates mean is looked at on publishing."""
    if errors := header_errors(value):
        raise ValidationError(errors)


def publishing_errors(value: object) -> list[str]:
    """:func:`header_errors`, and those of the templates in the values."""
    if errors := header_errors(value):
        return errors
    assert isinstance(value, list)
    return [f"{header['name']}: {text}" for header in value for text in _template_errors(header["value"])]


def render_headers(
    templates: Mapping[str, Template], scope: Mapping[str, JSON], warnings: list[str]
) -> Iterator[tuple[str, str]]:
    """The headers to send. One that cannot be sent is left out with a warning: the caller is transferred anyway."""
    for name, template in templates.items():
        try:
            value = _sendable(template.render(scope, warnings))
        except (ExpressionError, ValueError) as error:
            warnings.append(_("The SIP header %(name)s was left out: %(error)s") % {"name": name, "error": error})
        else:
            if value:
                yield name, value


def merged(*headers: Mapping[str, str]) -> dict[str, str]:
    """All of them; of the same name in any case, the last counts."""
    found: dict[str, tuple[str, str]] = {}
    for each in headers:
        found |= {name.lower(): (name, value) for name, value in each.items()}
    return dict(found.values())


def header_name_errors(name: str) -> list[str]:
    """What keeps ``name`` from being that of a header of ours."""
    return list(_name_errors(name))


def _sendable(value: str) -> str:
    value = value.strip()
    if CONTROL.search(value):
        raise ValueError(_("Its value holds a line break or another control character."))
    if len(value) > LONGEST_VALUE:
        raise ValueError(_("Its value is longer than %(most)d characters.") % {"most": LONGEST_VALUE})
    return value


def _template_errors(source: str) -> list[str]:
    try:
        template = Template.parse(source)
    except ExpressionError as error:
        return [error.message]
    return [str(unknown) for unknown in unknown_names(template.names, Moment.DURING)]


def _is_header(item: Any) -> bool:
    if not isinstance(item, dict) or item.keys() != {"name", "value"}:
        return False
    return all(isinstance(text, str) for text in item.values())


def _item_errors(name: str, value: str) -> Iterator[str]:
    yield from _name_errors(name)
    if CONTROL.search(value):
        yield _("The value of the SIP header %(name)s must be one line without control characters.") % {"name": name}
    elif not value.strip():
        yield _("The SIP header %(name)s has no value.") % {"name": name}


def _name_errors(name: str) -> Iterator[str]:
    if not TOKEN.fullmatch(name):
        yield _("“%(name)s” cannot be the name of a SIP header.") % {"name": name}
    elif len(name) == 1 or name.lower() in SET_BY_THE_USER_AGENT:
        yield _("The SIP header %(name)s is set by the telephone system itself.") % {"name": name}
