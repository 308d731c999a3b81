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
    if isinstance(value, Mapping) and value and all(_is_plain(item) for item in value.values()):
        rows = ((name, _plain(item)) for name, item in value.items())
        return format_html('<dl class="tq-values">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))
    if isinstance(value, list) and value and all(_is_plain(item) for item in value):
        return format_html(
            '<ul class="tq-list">{}</ul>', format_html_join("", "<li>{}</li>", ((_plain(v),) for v in value))
        )
    if _is_plain(value):
        return _plain(value)
    return format_html('<pre class="tq-json">{}</pre>', as_json(value))


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)


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
