"""The form of an SMS connection, made from what its provider says of itself. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget

from notifications.sms.countries import country_choices
from notifications.sms.providers.base import Provider
from outbound.admin.described_form import SECRET, SETTING, DescribedForm, secret_field, setting_field


class SmsConnectionForm(DescribedForm):
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
            self.fields[SETTING + setting.name] = setting_field(setting, value)
        for secret in self.provider.secret_forms:
            self.fields[SECRET + secret.name] = secret_field(secret, adding, strip=True)

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


_MAY_BE_EMPTY = frozenset({"key_header", "delivered_values", "failed_values"})


def sending_fields(provider: Provider) -> list[str]:
    """Names of the form's fields about sending that are no columns, secrets last."""
    settings = [form.name for form in provider.setting_forms if form.name not in provider.report_settings]
    return [SETTING + name for name in settings] + [SECRET + form.name for form in provider.secret_forms]


def report_fields(provider: Provider) -> list[str]:
    """The same of what the provider reports."""
    return [SETTING + form.name for form in provider.setting_forms if form.name in provider.report_settings]
