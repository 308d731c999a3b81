"""Email addresses as people write them: ``a@x.fr, Bob <b@x.fr>; {{ params.email }}``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MOST_RECIPIENTS = 50
"""Of one message, copies included: a variable must not turn an email into a mailing."""

LONGEST_LIST = 5000
"""Characters of one field, as written or rendered."""

_TEMPLATE = r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
_QUOTED = r'"(?:[^"\\\r\n]|\\.)*"'
_ADDRESS = re.compile(rf'(?:(?P<name>{_QUOTED}\s*|[^"<>@,;]*)<(?P<boxed>[^<>\s]+)>|(?P<bare>[^<>"\s]+))')
_WRITTEN = re.compile(rf"(?:{_TEMPLATE}|{_QUOTED}|[^,;\r\n])+", re.DOTALL)
_RENDERED = re.compile(rf"(?:{_QUOTED}|[^,;])+", re.DOTALL)


def split_written(text: str) -> list[str]:
    """What an editor wrote, cut at commas, semicolons and line breaks outside of templates and quoted names."""
    return _pieces(_WRITTEN, text)


def split_rendered(text: str) -> list[str]:
    """What a template gave, cut at commas and semicolons. A line break is never meant here, and left to be refused."""
    return _pieces(_RENDERED, text)


def is_template(entry: str) -> bool:
    return any(mark in entry for mark in ("{{", "{%", "{#"))


def normalise_address(entry: str) -> str:
    """``mailbox@domain`` or ``"name" <mailbox@domain>``; raises ValueError for anything else.

    No line break or other control character gets through, so an address cannot add a header.
    """
    match = _ADDRESS.fullmatch(entry)
    if match is None or not entry.isprintable():
        raise ValueError(entry)
    address = match["boxed"] or match["bare"]
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValueError(entry) from error
    name = (match["name"] or "").strip()
    if name and not name.startswith('"'):
        name = '"' + name.replace("\\", r"\\") + '"'
    return f"{name} <{address}>" if name else address


def mailbox_of(address: str) -> str:
    """The mailbox of a normalised address, as it is compared: servers do not tell capitals apart."""
    return address.rpartition("<")[2].rstrip(">").lower()


def without_repeats(addresses: list[str], seen: set[str]) -> Iterator[str]:
    """The addresses whose mailbox is not in ``seen`` yet, which grows."""
    for address in addresses:
        if (mailbox := mailbox_of(address)) not in seen:
            seen.add(mailbox)
            yield address


def _pieces(pattern: re.Pattern[str], text: str) -> list[str]:
    return [entry for piece in pattern.findall(text[:LONGEST_LIST]) if (entry := piece.strip())]
