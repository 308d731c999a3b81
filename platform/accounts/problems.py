"""Errors that know their HTTP status; ``config.api.problems`` renders them as RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Problem(Exception):
    """Base of the errors that an API client may see.

    ``code`` is a stable word, ``title`` says what kind of problem it is, ``detail`` what happened here,
    ``fields`` names the members of the request that are to blame: (name, sentence). ``members`` are further
    ones of the answer, for programs.
    """

    status = 400
    code = "invalid_request"
    title: StrOrPromise = "Invalid request"

    def __init__(
        self,
        detail: StrOrPromise = "",
        *,
        fields: Iterable[tuple[str, StrOrPromise]] = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(str(detail) or str(self.title))
        self.detail = detail
        self.fields = tuple(fields)
        self.members = dict(members or {})
