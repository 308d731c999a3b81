"""Shows JSON values to people: simple ones as text, objects as a list of names and values, the rest indented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()


@register.simple_tag
def json_value(value: Any) -> SafeString:
    if isinstance(value, Mapping) and _is_flat(value):
        rows = ((name, _plain(item)) for name, item in value.items())
        return format_html('<dl class="tq-values">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))
    if isinstance(value, list) and value:
        if all(_is_plain(item) for item in value):
            items = format_html_join("", "<li>{}</li>", ((_plain(item),) for item in value))
            return format_html('<ul class="tq-list">{}</ul>', items)
        if all(isinstance(item, Mapping) and _is_flat(item) for item in value):
            return _table(value)
    if _is_plain(value):
        return _plain(value)
    return format_html('<pre class="tq-json">{}</pre>', as_json(value))


def _table(rows: list[Mapping[str, Any]]) -> SafeString:
    """Objects with the same few members: one row each."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = format_html_join("", "<th>{}</th>", ((_word(name),) for name in names))
    lines = ((format_html_join("", "<td>{}</td>", ((_plain(row.get(name)),) for name in names)),) for row in rows)
    body = format_html_join("", "<tr>{}</tr>", lines)
    return format_html('<table class="tq-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, body)


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)


def _word(name: str) -> str:
    """A member's name in the reader's language, where our catalogue has the word (``name``, ``value`` …)."""
    return _(name) if name.islower() and name.isalpha() else name


def _is_flat(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(_is_plain(item) for item in value.values())


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _plain(value: Any) -> SafeString:
    if value is None or value == "":
        return format_html('<span class="tq-muted">{}</span>', "—")
    if isinstance(value, bool):
        return format_html("{}", _("yes") if value else _("no"))
    if isinstance(value, str):
        return format_html('<span class="tq-text">{}</span>', value)
    return format_html("{}", localize(value, use_l10n=False))
