"""Numbers that a call may be transferred to. Stricter than what an agent may answer: these are dialled."""

from __future__ import annotations

from typing import Any

import phonenumbers
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import get_scope

from actions.phones import LONGEST_SHORT_NUMBER, STRICT, Reason, Rules, compact, validate_e164, verdict

__all__ = [
    "LONGEST_SHORT_NUMBER",
    "SENTENCES",
    "STRICT",
    "DestinationNumberField",
    "Reason",
    "Rules",
    "compact",
    "current_rules",
    "is_same_number",
    "number_errors",
    "rules_of",
    "rules_of_id",
    "validate_destination",
    "verdict",
]

SENTENCES = {
    Reason.INVALID: _("%(value)s is not a number in use: check the country code and the digits."),
    Reason.EMERGENCY: _("%(value)s is an emergency number: calls are not transferred there."),
    Reason.SHORT: _("%(value)s is a short number, which cannot be reached from everywhere; give the full number."),
    Reason.PREMIUM_RATE: _("%(value)s is a premium-rate number: calls are not transferred there."),
}


def rules_of(account: Any) -> Rules:
    """The rules of an account, read once for each instance of it, which lives as long as a request or a task."""
    rules: Rules | None = getattr(account, "_number_rules", None)
    if rules is None:
        rules = account._number_rules = rules_of_id(account.pk)
    return rules


def rules_of_id(account_id: int) -> Rules:
    stored = apps.get_model("transfers", "NumberRules")._base_manager.filter(pk=account_id).first()
    return STRICT if stored is None else Rules(*(getattr(stored, name) for name in Rules.__slots__))


def current_rules() -> Rules:
    """Those of the account whose scope this is; outside any, nothing out of the ordinary is allowed."""
    account = get_scope().get("account")
    if isinstance(account, int):
        return rules_of_id(account)
    return rules_of(account) if isinstance(account, models.Model) else STRICT


def validate_destination(value: str) -> None:
    """Raises ValidationError unless the current account may transfer calls to the E.164 number ``value``.

    The error's ``code`` is the :class:`Reason`.
    """
    phone = compact(value)
    reason = verdict(phone, current_rules())
    if reason is Reason.INVALID:
        _validate_form(phone)
    if reason is not None:
        raise ValidationError(SENTENCES[reason], code=reason, params={"value": phone})


def _validate_form(phone: str) -> None:
    """Who left out the country code is told so."""
    try:
        validate_e164(phone)
    except ValidationError as error:
        error.code = Reason.INVALID
        raise


def number_errors(value: str) -> list[str]:
    """The sentences of :func:`validate_destination`, none for a good number."""
    try:
        validate_destination(value)
    except ValidationError as error:
        return list(error.messages)
    return []


def is_same_number(phone: str, dialled: str) -> bool:
    """Whether ``dialled`` (in any form, anonymous included) reaches the E.164 number ``phone``."""
    if dialled[:1] == "+" and dialled[1:].isdecimal() and phone[-4:] != dialled[-4:]:
        # Numbers that are written whole differ in front only, by prefixes; parsing both takes 0.1 ms.
        return False
    match = phonenumbers.is_number_match(phone, dialled)
    return match in {phonenumbers.MatchType.EXACT_MATCH, phonenumbers.MatchType.NSN_MATCH}


class DestinationNumberField(models.CharField):  # type: ignore[type-arg]
    """A number that calls may be transferred to, stored as E.164; typed with or without spaces."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 32, "validators": [validate_destination], **kwargs})

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return None if text is None else compact(text)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return compact(prepared) if isinstance(prepared, str) else prepared

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value
