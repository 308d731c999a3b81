"""What may be wrong with an auth profile, each at the field that a person can change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError as InvalidSettings

from outbound.auth.base import SECRET_MAX_CHARS
from outbound.hosts import normalise_rule, widens
from outbound.secrets import Secrets, SecretsUnreadable
from outbound.targets import InvalidHost

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from outbound.models import AuthProfile

HOSTS_MAX = 50

_SENTENCES = {
    "missing": gettext_lazy("This is required."),
    "string_too_short": gettext_lazy("This is required."),
    "extra_forbidden": gettext_lazy("There is no setting of this name."),
    "literal_error": gettext_lazy("This must be one of %(expected)s."),
    "string_too_long": gettext_lazy("At most %(max_length)s characters are possible."),
    "too_long": gettext_lazy("At most %(max_length)s are possible."),
    "too_short": gettext_lazy("At least %(min_length)s are needed."),
    "string_pattern_mismatch": gettext_lazy("Only letters, digits and signs without accents are possible here."),
}

Errors = dict[str, list[str]]


def check_profile(profile: AuthProfile, stored: AuthProfile | None) -> None:
    """``stored`` is what the database has; raises ValidationError with every error at its field."""
    errors: Errors = {}
    if stored is not None and stored.name != profile.name:
        errors["name"] = [_("The name cannot be changed: workflows know the profile by it.")]
    if stored is not None and stored.kind != profile.kind:
        errors["kind"] = [_("The type cannot be changed: create another profile.")]
    errors |= _check_hosts(profile)
    settings, wrong = _parse(profile)
    errors |= wrong
    if not wrong and settings is not None:
        errors |= _check_secrets(profile, stored, settings)
    if errors:
        raise ValidationError({name: texts for name, texts in errors.items() if texts})


def _check_hosts(profile: AuthProfile) -> Errors:
    hosts = profile.hosts
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        return {"hosts": [_("This must be a list of hosts.")]}
    if len(hosts) > HOSTS_MAX:
        return {"hosts": [_("At most %(max_length)s are possible.") % {"max_length": HOSTS_MAX}]}
    wrong: list[str] = []
    normalised: list[str] = []
    for host in hosts:
        try:
            normalised.append(normalise_rule(host))
        except InvalidHost:
            wrong.append(_("“%(host)s” is neither a host name nor an address.") % {"host": host[:100]})
    profile.hosts = hosts if wrong else list(dict.fromkeys(normalised))
    return {"hosts": wrong} if wrong else {}


def _parse(profile: AuthProfile) -> tuple[Any, Errors]:
    try:
        kind = profile.kind_object
    except KeyError:
        return None, {"kind": [_("There is no such type of auth profile.")]}
    if not isinstance(profile.settings, dict):
        return None, {"settings": [_("This must be a JSON object.")]}
    try:
        settings = kind.Settings.model_validate(profile.settings)
    except InvalidSettings as error:
        errors: Errors = {}
        for detail in error.errors(include_url=False, include_input=False):
            place = ".".join(str(part) for part in ("settings", *detail["loc"]))
            errors.setdefault(place, []).append(sentence_of(detail))
        return None, errors
    profile.settings = settings.model_dump(mode="json", by_alias=True)
    return settings, {}


def sentence_of(detail: ErrorDetails) -> str:
    """What pydantic found wrong with settings, for people."""
    context: dict[str, Any] = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context["error"])
    sentence = _SENTENCES.get(detail["type"], gettext_lazy("This value is not possible here."))
    return str(sentence) % context if context else str(sentence)


def _check_secrets(profile: AuthProfile, stored: AuthProfile | None, settings: Any) -> Errors:
    kind = profile.kind_object
    entered = profile.new_secrets or Secrets()
    names = kind.secret_names(settings)
    if unknown := [name for name in entered if name not in names]:
        sentence = _("There is no secret of this name.")
        return {f"secrets.{name[:100]}": [sentence] for name in unknown}
    if too_long := [name for name, value in entered.items() if len(value) > SECRET_MAX_CHARS]:
        sentence = _("At most %(max_length)s characters are possible.") % {"max_length": SECRET_MAX_CHARS}
        return {f"secrets.{name}": [sentence] for name in too_long}
    required = [name for name, is_required in names.items() if is_required]
    if stored is not None and not set(required) <= set(entered) and _goes_elsewhere(profile, stored, settings):
        # Whoever may not read a secret must not be able to send it to themselves either.
        return {"secrets": [_("It would be sent to other hosts than before: enter the secrets again.")]}
    try:
        secrets = profile.secrets_after(entered)
    except SecretsUnreadable:
        return {"secrets": [_("The stored secrets cannot be decrypted: enter all of them again.")]}
    if missing := [name for name in required if name not in secrets]:
        sentence = _("This is required.")
        return {f"secrets.{name}": [sentence] for name in missing}
    return kind.check(settings, secrets)


def _goes_elsewhere(profile: AuthProfile, stored: AuthProfile, settings: Any) -> bool:
    if widens(stored.hosts, profile.hosts):
        return True
    kind = profile.kind_object
    try:
        before = kind.destinations(stored.parsed_settings())
    except InvalidSettings:
        return True
    return not kind.destinations(settings) <= before
