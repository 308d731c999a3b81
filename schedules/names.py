"""The name ``open`` of templates and conditions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from schedules.hours import OpenState
from schedules.words import sentence


def open_names(state: OpenState, at: datetime, language: str) -> dict[str, Any]:
    """``now`` is a boolean, ``next`` and ``until`` are ISO 8601 in the schedule's time zone or None, ``sentence`` is
    what somebody would say of it in ``language``.
    """
    return {
        "now": state.now,
        "next": _iso(state.next),
        "until": _iso(state.until),
        "sentence": sentence(state, at, language),
    }


def always_open(language: str) -> dict[str, Any]:
    """The same where nothing restricts the hours."""
    with override(language):
        return {"now": True, "next": None, "until": None, "sentence": _("open")}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
