"""The form of what every action before the call has: what a failure means, and which results are reused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.admin_widgets import storable
from actions.before_call import CACHE_FIELDS, FAILURE_FIELDS, BeforeCall
from actions.contract import JSON

CONDITIONS = {
    "failure_texts": "failure_policy == 'say'",
    "failure_transfer_to": "failure_policy == 'transfer'",
    "failure_action": "failure_policy == 'action'",
    **{name: "cache_enabled == true" for name in CACHE_FIELDS if name != "cache_enabled"},
    "cache_default": "cache_enabled == true && cache_if_missing == 'default'",
}
IN_FAILURE_SECTION = ("default_parameters",)
"""Columns of kinds that belong with what a failure means."""


class KeysWidget(UnfoldAdminTextareaWidget):
    """A path on each line; with JavaScript, paths can be picked from the payload of a past call, or a pasted one."""

    template_name = "triptyque/widgets/cache_keys.html"
    agent = ""

    class Media:
        js = ("triptyque/cache_keys.js",)

    def __init__(self) -> None:
        super().__init__({"rows": 3, "spellcheck": "false", "class": "tq-code"})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["samples"] = reverse("call-payloads", args=[self.agent]) if self.agent else ""
        return context


class KeysField(forms.CharField):
    """A list of texts, one on each line."""

    widget = KeysWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = (super().to_python(value) or "").splitlines()
        return storable([line.strip() for line in lines if line.strip()])

    def validate(self, value: Any) -> None:
        """The column's own validators judge it."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


def keys_field(column: Any, agent: str) -> KeysField:
    field = KeysField(label=capfirst(str(column.verbose_name)), help_text=column.help_text, required=False)
    field.widget.agent = agent
    return field


def sections(
    model: type[Any], request: HttpRequest, own_fields: Sequence[Any], *, is_saved: bool
) -> list[tuple[Any, dict[str, Any]]]:
    """Fieldsets; the cache's only where platform staff switched it on for the account."""
    if not issubclass(model, BeforeCall):
        return []
    failure = (FAILURE_FIELDS[0], *(name for name in own_fields if name in IN_FAILURE_SECTION), *FAILURE_FIELDS[1:])
    found = [(_("If it fails"), {"fields": failure})]
    if getattr(getattr(request, "account", None), "before_call_cache", False):
        page = ("cache_page",) if is_saved else ()
        found.append((_("Before-call cache"), {"fields": (*CACHE_FIELDS, *page)}))
    return found


def cache_link(action_id: int) -> SafeString:
    """To what the cache did for the action."""
    address = reverse("admin:calls_cacheusage_action", args=[action_id])
    return format_html('<a class="tq-strong" href="{}">{}</a>', address, _("Hits, misses, and emptying"))


def in_words(before: dict[str, JSON]) -> list[tuple[str, JSON]]:
    """(label, value) of what a release holds, where it says something."""
    cache, failure = before.get("cache"), before.get("failure") or {}
    fields = {name: BeforeCall._meta.get_field(name) for name in (*FAILURE_FIELDS, *CACHE_FIELDS)}

    def label(name: str) -> str:
        return capfirst(str(fields[name].verbose_name))  # type: ignore[union-attr]

    def choice(name: str, value: JSON) -> str:
        return str(dict(fields[name].flatchoices).get(value, value))  # type: ignore[union-attr]

    found: list[tuple[str, JSON]] = []
    if failure.get("policy", "defaults") != "defaults":
        found.append((label("failure_policy"), choice("failure_policy", failure["policy"])))
    pairs = (("texts", "failure_texts"), ("transfer_to", "failure_transfer_to"), ("action", "failure_action"))
    found += [(label(column), failure[name]) for name, column in pairs if failure.get(name)]
    if cache:
        found += [(label("cache_keys"), cache["keys"]), (label("cache_ttl_s"), cache["ttl_s"])]
        found.append((label("cache_if_missing"), choice("cache_if_missing", cache["if_missing"])))
        pairs = (("default", "cache_default"), ("stale_s", "cache_stale_s"), ("refresh_ahead", "cache_refresh_ahead"))
        found += [(label(column), cache[name]) for name, column in pairs if cache.get(name)]
    return found
