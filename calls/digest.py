"""Telling a repeat of a request from a different request with the same id."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from actions.contract import JSON

_ENCODER = DjangoJSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: JSON) -> str:
    """HMAC-SHA-256 of the value's canonical JSON.

    Keyed: a request may hold secret digits, and the few thousand that there are could be tried against a bare hash.
    """
    return hmac.new(settings.SECRET_KEY.encode(), _ENCODER.encode(value).encode(), hashlib.sha256).hexdigest()
