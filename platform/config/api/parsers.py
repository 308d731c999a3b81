"""JSON in, within bounds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.parsers import BaseParser

from accounts.problems import Problem

DEEPEST = 100


class InvalidJSON(Problem):
    status = 400
    code = "invalid_json"
    title = gettext_lazy("The body is not JSON")


class TooLarge(Problem):
    status = 413
    code = "too_large"
    title = gettext_lazy("The request is too large")


class BoundedJSONParser(BaseParser):
    """At most ``API_BODY_MAX_BYTES``; no NaN, no NUL characters (PostgreSQL keeps none), bounded depth."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.API_BODY_MAX_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(_("At most %(limit)d bytes.") % {"limit": limit})
        try:
            value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidJSON(_("Send UTF-8 encoded JSON.")) from error
        _check(value, DEEPEST)
        return value


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise InvalidJSON(_("The JSON is nested too deeply."))
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidJSON(_("The JSON holds characters that no text may hold."))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidJSON(_("The JSON holds a number that is too large."))
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth)
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)
