"""The body of a message: ``{type, timestamp, data}``, where ``data`` is the call as the API shows it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from actions.announcements import Announced, shown_call
from actions.contract import JSON
from notifications.models import PING, WebhookDelivery

MOST_BYTES = 1024 * 1024
"""Larger calls go out without what is longest in them; the API has it."""

_LONGEST_FIRST = ("events", "runs", "transcript")


class CallGone(Exception):
    """The call was deleted before its message was written."""


def event_body(delivery: WebhookDelivery) -> str:
    """As it is now, inside the account's scope; raises CallGone."""
    if delivery.event_type == PING:
        return encoded(PING, delivery.happened_at, {"message": "It works."})
    data = shown_call(delivery.call_id) if delivery.call_id else None
    if data is None:
        raise CallGone
    if delivery.event_type == Announced.ACTION_FAILED:
        data = {**data, "failed_run_id": str(delivery.run_id)}
    return encoded(delivery.event_type, delivery.happened_at, data)


def encoded(type: str, at: dt.datetime, data: Mapping[str, JSON]) -> str:
    """Compact JSON of at most ``MOST_BYTES`` (UTF-8)."""
    for fitting in _ever_smaller(data):
        written = json.dumps(
            {"type": type, "timestamp": at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"), "data": fitting},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        if len(written.encode("utf-8", "surrogatepass")) <= MOST_BYTES:
            return written
    return written


def _ever_smaller(data: Mapping[str, JSON]) -> Any:
    yield data
    smaller = {**data, "truncated": True}
    if isinstance(data.get("runs"), list):
        smaller["runs"] = [{**run, "trace": []} for run in data["runs"]]
        yield smaller
    for name in _LONGEST_FIRST:
        if name in smaller:
            smaller[name] = []
            yield smaller
    yield {name: data[name] for name in ("id", "external_id", "state", "agent") if name in data} | {"truncated": True}
