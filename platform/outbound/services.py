"""What connections to services of models have in common: embeddings, chat. Both speak as OpenAI's API does."""

from __future__ import annotations

import json

from django.core.exceptions import ValidationError

from outbound.errors import OutboundError
from outbound.messages import IncomingResponse
from outbound.retry_after import retry_after_s
from outbound.targets import parse_target

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class ServiceError(Exception):
    """No usable answer. ``message`` is a sentence for people; ``permanent``: asking again cannot help.

    ``retry_after_s`` is what the server asked for, 0 where it said nothing.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after_s = retry_after_s


def is_permanent(response: IncomingResponse) -> bool:
    return response.status not in TRANSIENT


def wait_s_of(response: IncomingResponse) -> float:
    """How long the server asks to be left alone; 0: it says nothing."""
    return retry_after_s(response.headers.get("retry-after", "")) or 0.0


def said(response: IncomingResponse) -> str:
    """The beginning of its own words, on one line."""
    try:
        answer = json.loads(response.body)
        error = answer["error"]
        text = error["message"] if isinstance(error, dict) else error
    except (ValueError, LookupError, TypeError, RecursionError):
        text = response.text()[:1000]
    return " ".join(str(text).split())[:200]


def clean_url(url: str) -> str:
    """Where a service begins, without a slash at its end; raises ValidationError at ``url``."""
    url = url.strip().rstrip("/")
    try:
        parse_target(url, ())
    except OutboundError as error:
        raise ValidationError({"url": error.message}) from None
    return url
