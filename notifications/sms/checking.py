"""What an SMS connection must be before it is saved, told at its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from pydantic import ValidationError as InvalidSettings

from notifications.sms.providers.registry import provider_called
from outbound.profile_checks import sentence_of
from outbound.secrets import SecretsUnreadable

if TYPE_CHECKING:
    from notifications.models.sms import SmsConnection
    from notifications.sms.providers.base import Provider

LONGEST_SECRET = 500

Errors = dict[str, Any]


def check_connection(row: SmsConnection, stored: SmsConnection | None) -> None:
    """``stored`` is the row as it is in the database. Raises ValidationError, also at ``secrets.<name>``."""
    errors: Errors = {}
    row.name, row.sender = row.name.strip(), row.sender.strip()
    if "/" in row.name or row.name in {"", ".", ".."}:
        errors["name"] = [_("A name cannot hold a slash.") if "/" in row.name else _("This field is required.")]
    provider = provider_called(row.provider)
    if provider is None:
        raise ValidationError({**errors, "provider": [_("There is no such provider.")]})
    if stored is not None and stored.provider != row.provider:
        errors["provider"] = [_("The provider cannot be changed: create another connection.")]
    if not row.sender.isprintable():
        errors["sender"] = [_("A sender is one line, without control characters.")]
    settings, wrong = parsed(provider, row.settings)
    errors |= wrong
    if settings is not None:
        row.settings = settings.model_dump(mode="json")
        errors = {**provider.check(settings, row.sender), **errors}
        errors |= _secret_errors(row, stored, provider, settings)
    if row.auth_profile_id is not None and row.auth_profile and row.auth_profile.account_id != row.account_id:
        errors["auth_profile"] = [_("This is another account’s.")]
    if errors:
        raise ValidationError(errors)


def parsed(provider: Provider, values: Any) -> tuple[Any, Errors]:
    """(the settings, or None; what is wrong with them)."""
    if not isinstance(values, dict):
        return None, {"settings": [_("This must be a JSON object.")]}
    try:
        return provider.Settings.model_validate(values), {}
    except InvalidSettings as error:
        errors: Errors = {}
        for detail in error.errors(include_url=False, include_input=False):
            place = ".".join(str(part) for part in ("settings", *detail["loc"]))
            errors.setdefault(place, []).append(sentence_of(detail))
        return None, errors


def _secret_errors(row: SmsConnection, stored: SmsConnection | None, provider: Provider, settings: Any) -> Errors:
    entered: Mapping[str, str] = row.new_secrets or {}
    errors: Errors = {}
    known = {form.name: form for form in provider.secret_forms}
    for name, value in entered.items():
        if name not in known:
            errors[f"secrets.{name[:100]}"] = [_("There is no secret of this name.")]
        elif len(value) > LONGEST_SECRET or not value.isprintable():
            text = _("A secret is one line of %(most)d characters at most.")
            errors[f"secrets.{name}"] = [text % {"most": LONGEST_SECRET}]
    if errors or not known:
        return errors
    if stored is not None and not set(known) <= set(entered) and _goes_elsewhere(stored, provider, settings):
        # Whoever may not read a secret must not be able to send it to themselves either.
        return {f"secrets.{next(iter(known))}": [_("It would be sent elsewhere than before: enter it again.")]}
    try:
        kept = {} if set(known) <= set(entered) else dict(row.secrets())
    except SecretsUnreadable:
        kept = {}
    missing = [name for name, form in known.items() if form.required and name not in {**kept, **entered}]
    return {f"secrets.{name}": [_("This is required.")] for name in missing}


def _goes_elsewhere(stored: SmsConnection, provider: Provider, settings: Any) -> bool:
    before, _wrong = parsed(provider, stored.settings)
    return before is None or provider.destination(before) != provider.destination(settings)
