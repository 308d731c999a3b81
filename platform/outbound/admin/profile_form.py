"""The form of an auth profile, made from what its kind says of itself. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.admin_widgets import Column, RowsField, storable
from outbound.admin.described_form import SECRET, SETTING, DescribedForm, secret_field, setting_field
from outbound.auth.base import AuthKind, SettingForm
from outbound.profiles import HOSTS_HELP

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


class AuthProfileForm(DescribedForm):
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
            self.fields[SECRET + secret.name] = secret_field(secret, self.adding)

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

    def field_for_others(self, rest: str) -> str:
        rows = [SETTING + form.name for form in self.kind.setting_forms if form.widget == "rows"]
        return rows[0] if rows and rest else super().field_for_others(rest)


def dynamic_fields(kind: AuthKind) -> list[str]:
    """Names of the form's fields that are no columns."""
    return [SETTING + form.name for form in kind.setting_forms] + [SECRET + form.name for form in kind.secret_forms]


def _setting_field(form: SettingForm, value: Any, adding: bool) -> forms.Field:
    if form.widget != "rows":
        return setting_field(form, value)
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
    return RowsField(columns=columns, add_label=_("Add a key"), label=form.label, help_text=form.help, initial=value)
