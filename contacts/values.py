"""What a contact may hold, and the phone number that it is known by."""

from __future__ import annotations

import json
import re
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.json_values import UnstorableJSONError, check_json

MOST_NAMES = 200
NAME_CHARS = 100
ID_CHARS = 255
MOST_BYTES = 65_536
PHONE_CHARS = 255

_WITHHELD = re.compile(r"(?:anonymous|unknown|private|restricted|unavailable|withheld)\b.*", re.IGNORECASE)


def normalise_phone(number: str) -> str:
    """E.164 where ``number`` is one in international form, else trimmed; '' where the caller hides it."""
    number = number.strip()[:PHONE_CHARS]
    if not number or _WITHHELD.fullmatch(number) or "\x00" in number:
        return ""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def validate_attributes(value: Any) -> None:
    """A JSON object of bounded size; raises ValidationError."""
    if not isinstance(value, dict):
        raise ValidationError(_("This must be a JSON object."))
    if len(value) > MOST_NAMES:
        raise ValidationError(_("At most %(most)d names are possible.") % {"most": MOST_NAMES})
    if any(not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS for name in value):
        raise ValidationError(_("A name has between 1 and %(most)d characters.") % {"most": NAME_CHARS})
    try:
        check_json(value)
        size = len(json.dumps(value, allow_nan=False))
    except UnstorableJSONError as error:
        raise ValidationError(error.sentence) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError(_("This must be a JSON object.")) from error
    if size > MOST_BYTES:
        raise ValidationError(_("This takes more than %(most)d bytes.") % {"most": MOST_BYTES})


def validate_external_ids(value: Any) -> None:
    """Texts by the name of the system; raises ValidationError."""
    validate_attributes(value)
    if any(not isinstance(each, str) or not 0 < len(each) <= ID_CHARS for each in value.values()):
        raise ValidationError(_("An external id is a text of at most %(most)d characters.") % {"most": ID_CHARS})
