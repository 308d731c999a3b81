"""Forms whose fields are made from what a kind or a provider says of itself. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.admin_base import PresetForm
from accounts.admin_widgets import CodeTextarea, ReadableJSONField
from outbound.auth.base import SecretForm, SettingForm

SETTING, SECRET = "setting_", "secret_"
"""What the names of such fields begin with."""


class DescribedForm(PresetForm):
    """The model blames ``settings.scope`` or ``secrets.token``: the form says it at the field that is meant."""

    def _update_errors(self, errors: forms.ValidationError) -> None:
        found: Mapping[str, Sequence[Any]] = errors.update_error_dict({})
        placed: dict[str, list[Any]] = {}
        for place, texts in found.items():
            placed.setdefault(self._field_of(place), []).extend(texts)
        # A field that is wrong already has its sentence.
        placed = {name: texts for name, texts in placed.items() if name not in self.errors}
        if placed:
            super()._update_errors(forms.ValidationError(placed))  # type: ignore[misc]

    def _field_of(self, place: str) -> str:
        part, _dot, rest = place.partition(".")
        prefix = {"settings": SETTING, "secrets": SECRET}.get(part, "")
        name = prefix + (rest.partition(".")[0] if prefix else place)
        return name if name in self.fields else self.field_for_others(rest)

    def field_for_others(self, rest: str) -> str:
        """The field for what is said of ``settings.<rest>`` or ``secrets.<rest>``, which has none of its own."""
        return NON_FIELD_ERRORS


def setting_field(form: SettingForm, value: Any) -> forms.Field:
    common: dict[str, Any] = {"label": form.label, "help_text": form.help, "required": form.required, "initial": value}
    if form.widget == "choice":
        return forms.ChoiceField(
            **{**common, "required": True}, choices=form.choices, widget=UnfoldAdminSelectWidget(choices=form.choices)
        )
    if form.widget == "json":
        return ReadableJSONField(**common, widget=CodeTextarea())
    attrs = {"placeholder": "https://"} if form.widget == "url" else {}
    return forms.CharField(**common, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attrs}))


def secret_field(form: SecretForm, adding: bool, *, strip: bool = False) -> forms.Field:
    help_texts = [str(form.help), *([] if adding else [_("Leave empty to keep what is stored.")])]
    common: dict[str, Any] = {
        "label": form.label,
        "help_text": " ".join(help_texts).strip(),
        "required": form.required and adding,
        "strip": strip or form.lines,
    }
    if form.lines:
        return forms.CharField(**common, widget=_WriteOnlyTextarea())
    attrs = {"autocomplete": "new-password", "placeholder": "" if adding or not form.required else "••••••••"}
    return forms.CharField(**common, widget=UnfoldAdminPasswordWidget(attrs=attrs))


class _WriteOnlyTextarea(UnfoldAdminTextareaWidget):
    """Takes lines and never shows them again, not even those that were just refused."""

    def __init__(self) -> None:
        attrs = {"rows": 5, "class": "tq-code", "spellcheck": "false", "autocomplete": "off"}
        super().__init__({**attrs, "placeholder": "-----BEGIN …"})

    def format_value(self, value: Any) -> str:
        return ""
