"""Forms with a file, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.parsers import MultiPartParser

from accounts.problems import Problem
from knowledge.uploads import largest_mb


class FileTooLarge(Problem):
    status = 413
    code = "too_large"
    title = gettext_lazy("The request is too large")


class BoundedMultiPartParser(MultiPartParser):
    """At most ``DOCUMENT_BODY_MAX_BYTES``: ``config.api.bodies`` has cut off what is beyond, and counted one more."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > settings.DOCUMENT_BODY_MAX_BYTES:
            raise FileTooLarge(_("The file is larger than %(size)d MB.") % {"size": largest_mb()})
        return super().parse(stream, media_type, parser_context)
