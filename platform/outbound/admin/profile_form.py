"""The form of an auth profile, made from what its kind says of itself. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.admin_base import PresetForm
from accounts.admin_widgets import Column, RowsField, storable
from outbound.auth.base import AuthKind, SecretForm, SettingForm
from outbound.profiles import HOSTS_HELP

SETTING, SECRET = "setting_", "secret_"
KEPT = gettext_lazy("leave empty to keep")


class LinesField(forms.CharField):
    """A list of texts, one per line."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false", "class": "tq-addresses"})
        super().__init__(**{"widget": widget, "required": False, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return storable([line.strip() for line in str(value or "").splitlines() if line.strip()])

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class WriteOnlyTextarea(UnfoldAdminTextareaWidget):
    """Takes lines and never shows them again, not even those that were just refused."""

    def __init__(self) -> None:
        attrs = {"rows": 5, "class": "tq-code", "spellcheck": "false", "autocomplete": "off"}
        super().__init__({**attrs, "placeholder": "-----BEGIN …"})

    def format_value(self, value: Any) -> str:
        return ""


class AuthProfileForm(PresetForm):
    """``preset`` holds account and kind, which are chosen before the form is shown."""

    hosts = LinesField(label=gettext_lazy("Allowed hosts"), help_text=HOSTS_HELP)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind: AuthKind = self.instance.kind_object
        self.adding = self.instance._state.adding
        settings = self.instance.settings if isinstance(self.instance.settings, dict) else {}
        for setting in self.kind.setting_forms:
            self.fields[SETTING + setting.name] = _setting_field(setting, settings.get(setting.name), self.adding)
        for secret in self.kind.secret_forms:
            self.fields[SECRET + secret.name] = _secret_field(secret, self.adding)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        settings: dict[str, Any] = {}
        secrets: dict[str, str] = {}
        for form in self.kind.setting_forms:
            value = data.get(SETTING + form.name)
            if form.widget == "rows":
                rows = [row for row in value or [] if row.get("name")]
                secrets |= {row["name"]: row.get("value", "") for row in rows}
                value = [{"name": row["name"], "in": row["in"]} for row in rows]
            if value not in (None, ""):
                settings[form.name] = value
        secrets |= {form.name: data.get(SECRET + form.name) or "" for form in self.kind.secret_forms}
        self.instance.settings = settings
        self.instance.enter_secrets(secrets)
        return data

    def _update_errors(self, errors: forms.ValidationError) -> None:
        """The model blames ``settings.scope`` or ``secrets.token``: say it at the field of the form."""
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
        if name in self.fields:
            return name
        rows = [SETTING + form.name for form in self.kind.setting_forms if form.widget == "rows"]
        return rows[0] if rows and rest else NON_FIELD_ERRORS


def dynamic_fields(kind: AuthKind) -> list[str]:
    """Names of the form's fields that are no columns."""
    return [SETTING + form.name for form in kind.setting_forms] + [SECRET + form.name for form in kind.secret_forms]


def _setting_field(form: SettingForm, value: Any, adding: bool) -> forms.Field:
    common: dict[str, Any] = {"label": form.label, "help_text": form.help, "required": form.required, "initial": value}
    if form.widget == "choice":
        return forms.ChoiceField(
            **{**common, "required": True}, choices=form.choices, widget=UnfoldAdminSelectWidget(choices=form.choices)
        )
    if form.widget == "rows":
        columns = (
            Column("name", gettext_lazy("name"), placeholder="X-Api-Key"),
            Column("in", gettext_lazy("where"), choices=form.choices),
            Column(
                "value",
                gettext_lazy("secret value"),
                placeholder=gettext_lazy("secret value") if adding else KEPT,
                show=lambda _value: "",
            ),
        )
        return RowsField(
            columns=columns, add_label=_("Add a key"), label=form.label, help_text=form.help, initial=value
        )
    attrs = {"placeholder": "https://"} if form.widget == "url" else {}
    return forms.CharField(**common, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attrs}))


def _secret_field(form: SecretForm, adding: bool) -> forms.Field:
    help_texts = [str(form.help)] if adding else [str(form.help), _("Leave empty to keep what is stored.")]
    common: dict[str, Any] = {
        "label": form.label,
        "help_text": " ".join(help_texts).strip(),
        "required": form.required and adding,
        "strip": form.lines,
    }
    if form.lines:
        return forms.CharField(**common, widget=WriteOnlyTextarea())
    attrs = {"autocomplete": "new-password", "placeholder": "" if adding or not form.required else "••••••••"}
    return forms.CharField(**common, widget=UnfoldAdminPasswordWidget(attrs=attrs))
