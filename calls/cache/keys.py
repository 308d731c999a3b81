"""What of a call makes the key of a kept result. Names of keys are keyed digests: nobody can guess their way back."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.crypto import salted_hmac

from actions.contract import JSON
from actions.expressions.errors import ExpressionError
from actions.expressions.paths import MISSING, Path
from actions.releases import Plan, PlannedBefore
from calls.facts import other_end, phone_forms
from calls.models import Call

SALT = "triptyque.before-call-cache"
MOST_BYTES = 8192
"""A key that is larger as JSON is taken for a mistake: the call goes without the cache."""

_PHONE = re.compile(r"\+?(?:[0-9][ ().-]{0,2}){8,20}[0-9]", re.ASCII)
"""Nine digits at least: of fewer, those that are shown would leave next to nothing to guess."""
OPEN_ROOTS = frozenset({"direction", "runtime", "agent"})
"""Members that say nothing of a person: shown as they are."""


@dataclass(frozen=True, slots=True)
class Key:
    """``name`` stands for the key in every store, ``number`` for the other end of the call ('' for none)."""

    name: str
    number: str
    values: tuple[JSON, ...]


def payload_of(call: Call, agent: str) -> dict[str, JSON]:
    """What paths are looked up in: the members of *call begins*, and what earlier actions merged."""
    return {
        "from": call.from_number,
        "to": call.to_number,
        "direction": str(call.direction),
        "runtime": str(call.runtime),
        "agent": agent,
        "sip_headers": call.sip_headers,
        "context": call.context,
        "parameters": call.parameters,
    }


def key_of(call: Call, plan: Plan, before: PlannedBefore) -> Key | None:
    """None where a path finds nothing and the cache is to be skipped then, or where the key is too large."""
    cache = before.settings.cache
    assert cache is not None, "asked of actions with a cache only"
    payload = payload_of(call, plan.agent.slug)
    values: list[JSON] = []
    for path in before.paths:
        value = _find(path, payload)
        if value is MISSING and cache.if_missing == "skip":
            return None
        values.append({"default": cache.default, "empty": ""}[cache.if_missing] if value is MISSING else value)
    name = name_of(call.account_id, before, values)
    return Key(name, number_digest(call.account_id, other_end(call)), tuple(values)) if name else None


def name_of(account_id: int, before: PlannedBefore, values: list[JSON]) -> str:
    """The digest of account, action, the release's content and the values; '' for a key that is too large."""
    content = json.dumps([account_id, before.action_id, before.digest, values], sort_keys=True, separators=(",", ":"))
    return _digest(content) if len(content) <= MOST_BYTES else ""


@lru_cache(maxsize=4096)
def number_digest(account_id: int, number: str) -> str:
    """The same number gives the same digest however it is written; '' for no number."""
    e164 = phone_forms(number)[0]
    return _digest(f"number {account_id} {e164}") if number else ""


def masked(path: str, value: JSON) -> JSON:
    """A value of a key as people may see it: enough to tell two callers apart, too little to learn who they are."""
    if value is None or isinstance(value, bool):
        return value
    if path.removeprefix("$.") in OPEN_ROOTS:
        return value
    if value == "":
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    mark = _digest(f"shown {text}")[:6]
    if _PHONE.fullmatch(text):
        return f"{text[:4]}…{text[-2:]} #{mark}"
    return f"#{mark}"


def _digest(text: str) -> str:
    keyed = _keyed(settings.SECRET_KEY).copy()
    keyed.update(text.encode())
    return keyed.hexdigest()


@lru_cache(maxsize=1)
def _keyed(secret: str) -> hmac.HMAC:
    return salted_hmac(SALT, b"", secret, algorithm="sha256")


def _find(path: Path, payload: Mapping[str, JSON]) -> JSON:
    """SIP headers are found however they are spelt. A path that takes too long finds nothing."""
    match path.keys:
        case ("sip_headers", str(name)):
            return next(_headers(payload["sip_headers"], name), MISSING)
    try:
        return path.first(payload)
    except ExpressionError:
        return MISSING


def _headers(headers: Mapping[str, JSON], name: str) -> Iterator[JSON]:
    wanted = name.casefold()
    return (value for header, value in headers.items() if header.casefold() == wanted)
