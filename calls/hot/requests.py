"""Requests in the shape that nearly all have. None: let Django and ``calls.api.serializers`` judge."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from accounts.json_values import load_json
from calls.models import CallDirection, Runtime
from calls.requests import BeginCall, InvokeAction

LONGEST_BUDGET_MS = 60_000
LONGEST_ID = 200
_BEGIN = frozenset(
    {"agent", "direction", "from", "to", "external_id", "sip_headers", "context", "budget_ms", "runtime"}
)
_INVOKE = frozenset({"arguments", "tool_call_id", "budget_ms"})
_DIRECTIONS = frozenset(CallDirection.values)
_RUNTIMES = frozenset(Runtime.values)

_JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})
_HEADERS = frozenset({b"content-type", b"x-api-key", b"authorization", b"content-encoding"})


def key_in(scope: MutableMapping[str, Any]) -> str | None:
    """The API key as it was presented.

    None for whatever is not usual: a query, no key, a body that does not say that it is JSON, a header twice.
    """
    if scope.get("query_string"):
        return None
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _HEADERS:
            if name in found:
                return None
            found[name] = value
    if b"content-encoding" in found or found.get(b"content-type", b"").lower() not in _JSON_TYPES:
        return None
    if key := found.get(b"x-api-key", b""):
        return key.decode("latin-1").strip()
    scheme, _space, key = found.get(b"authorization", b"").partition(b" ")
    return key.decode("latin-1").strip() if scheme.lower() == b"bearer" else None


def begin_of(body: bytes) -> BeginCall | None:
    given = _object(body, _BEGIN)
    if given is None:
        return None
    agent, caller, dialled = (_text(given.get(name, ""), most) for name, most in _TEXTS)
    direction, runtime = given.get("direction", "inbound"), given.get("runtime", Runtime.REST.value)
    headers, context = given.get("sip_headers", {}), given.get("context", {})
    if agent is None or caller is None or dialled is None or not (agent or dialled):
        return None
    if not isinstance(direction, str) or direction not in _DIRECTIONS or (direction == "outbound" and not agent):
        return None
    if not isinstance(runtime, str) or runtime not in _RUNTIMES:
        return None
    if not isinstance(context, dict) or not _are_headers(headers) or not _is_budget(given.get("budget_ms")):
        return None
    external_id = given.get("external_id")
    if not _is_id(external_id):
        return None
    return BeginCall(
        direction=direction,
        runtime=runtime,
        agent=agent,
        from_number=caller,
        to_number=dialled,
        external_id=external_id,
        sip_headers=headers,
        context=context,
        budget_ms=given.get("budget_ms"),
    )


def invoke_of(body: bytes, name: str) -> InvokeAction | None:
    given = _object(body, _INVOKE)
    if given is None:
        return None
    arguments, tool_call_id, budget_ms = given.get("arguments", {}), given.get("tool_call_id"), given.get("budget_ms")
    if not isinstance(arguments, dict) or not _is_id(tool_call_id) or not _is_budget(budget_ms):
        return None
    return InvokeAction(name=name, arguments=arguments, tool_call_id=tool_call_id, budget_ms=budget_ms)


_TEXTS = (("agent", 63), ("from", 255), ("to", 255))


def _object(body: bytes, known: frozenset[str]) -> dict[str, Any] | None:
    try:
        given = load_json(body.decode())
    except ValueError:
        return None
    return given if isinstance(given, dict) and given.keys() <= known else None


def _text(value: Any, most: int) -> str | None:
    """As DRF would leave it: what it would trim, convert or refuse is none of ours."""
    return value if isinstance(value, str) and len(value) <= most and value == value.strip() else None


def _is_id(value: Any) -> bool:
    """None, or what a runtime calls the call or the tool call."""
    return value is None or bool(_text(value, LONGEST_ID))


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(_text(header, 4096) is not None for header in value.values())


def _is_budget(value: Any) -> bool:
    return value is None or (type(value) is int and 1 <= value <= LONGEST_BUDGET_MS)
