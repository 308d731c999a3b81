"""JSON in, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.parsers import BaseParser

from accounts.json_values import UnstorableJSONError, load_json
from accounts.problems import Problem


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
            return load_json(body.decode("utf-8"))
        except UnstorableJSONError as error:
            raise InvalidJSON(error.sentence) from error
        except ValueError as error:
            raise InvalidJSON(_("Send UTF-8 encoded JSON.")) from error
