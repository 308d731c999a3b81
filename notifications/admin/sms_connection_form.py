"""The form of an SMS connection, made from what its provider says of itself. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin_base import PresetForm
from accounts.admin_widgets import CodeTextarea, ReadableJSONField
from notifications.sms.countries import country_choices
from notifications.sms.providers.base import Provider, SecretForm, SettingForm

SETTING, SECRET = "setting_", "secret_"


class SmsConnectionForm(PresetForm):
    """``preset`` holds account and provider, which are chosen before the form is shown."""

    region = forms.ChoiceField(label=gettext_lazy("Country of numbers"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider: Provider = self.instance.provider_object
        adding = self.instance._state.adding
        if "region" in self.fields:
            choices = [("", "–"), *country_choices((get_language() or "en")[:2])]
            help_text = type(self.instance)._meta.get_field("region").help_text
            self.fields["region"] = forms.ChoiceField(
                label=_("Country of numbers"),
                help_text=help_text,
                required=False,
                choices=choices,
                widget=UnfoldAdminSelectWidget(choices=choices),
            )
        defaults = {name: field.default for name, field in self.provider.Settings.model_fields.items()}
        stored = self.instance.settings if isinstance(self.instance.settings, dict) else {}
        for setting in self.provider.setting_forms:
            value = stored.get(setting.name, "" if setting.required else defaults[setting.name])
            self.fields[SETTING + setting.name] = _setting_field(setting, value)
        for secret in self.provider.secret_forms:
            self.fields[SECRET + secret.name] = _secret_field(secret, adding)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.instance._state.adding and "name" not in self.fields:
            return data
        values = {form.name: data.get(SETTING + form.name) for form in self.provider.setting_forms}
        defaults = self.provider.Settings.model_fields
        self.instance.settings = {
            name: value
            for name, value in values.items()
            # Left empty, an address or a choice has its default; a path has none, which may be meant.
            if not (value in (None, "") and (defaults[name].is_required() or defaults[name].default))
            or name in _MAY_BE_EMPTY
        }
        self.instance.enter_secrets(
            {form.name: data.get(SECRET + form.name) or "" for form in self.provider.secret_forms}
        )
        return data

    def _update_errors(self, errors: forms.ValidationError) -> None:
        """The model blames ``settings.url`` or ``secrets.auth_token``: say it at the field of the form."""
        found: Mapping[str, Sequence[Any]] = errors.update_error_dict({})
        placed: dict[str, list[Any]] = {}
        for place, texts in found.items():
            placed.setdefault(self._field_of(place), []).extend(texts)
        placed = {name: texts for name, texts in placed.items() if name not in self.errors}
        if placed:
            super()._update_errors(forms.ValidationError(placed))  # type: ignore[misc]

    def _field_of(self, place: str) -> str:
        part, _dot, rest = place.partition(".")
        prefix = {"settings": SETTING, "secrets": SECRET}.get(part, "")
        name = prefix + (rest.partition(".")[0] if prefix else place)
        return name if name in self.fields else NON_FIELD_ERRORS


_MAY_BE_EMPTY = frozenset({"key_header", "delivered_values", "failed_values"})


def sending_fields(provider: Provider) -> list[str]:
    """Names of the form's fields about sending that are no columns, secrets last."""
    settings = [form.name for form in provider.setting_forms if form.name not in provider.report_settings]
    return [SETTING + name for name in settings] + [SECRET + form.name for form in provider.secret_forms]


def report_fields(provider: Provider) -> list[str]:
    """The same of what the provider reports."""
    return [SETTING + form.name for form in provider.setting_forms if form.name in provider.report_settings]


def _setting_field(form: SettingForm, value: Any) -> forms.Field:
    common: dict[str, Any] = {"label": form.label, "help_text": form.help, "required": form.required, "initial": value}
    if form.widget == "choice":
        return forms.ChoiceField(
            **{**common, "required": True}, choices=form.choices, widget=UnfoldAdminSelectWidget(choices=form.choices)
        )
    if form.widget == "json":
        return ReadableJSONField(**common, widget=CodeTextarea())
    attrs = {"placeholder": "https://"} if form.widget == "url" else {}
    return forms.CharField(**common, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", **attrs}))


def _secret_field(form: SecretForm, adding: bool) -> forms.Field:
    help_texts = [str(form.help), *([] if adding else [_("Leave empty to keep what is stored.")])]
    attrs = {"autocomplete": "new-password", "placeholder": "" if adding else "••••••••"}
    return forms.CharField(
        label=form.label,
        help_text=" ".join(help_texts).strip(),
        required=form.required and adding,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs=attrs),
    )
