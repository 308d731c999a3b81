"""Errors that know their HTTP status; ``config.api.problems`` answers with them as RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Base of the errors that an API client may see.

    ``code`` is a stable word, ``title`` says what kind of problem it is, ``detail`` what happened here,
    ``fields`` names the members of the request that are to blame: (name, sentence). ``members`` are further
    ones of the answer, for programs. ``retry_after_s``: in how many seconds it may be tried again; None: unknown.
    """

    status = 400
    code = "invalid_request"
    title: StrOrPromise = "Invalid request"
    retry_after_s: int | None = None

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

    def as_json(self) -> dict[str, Any]:
        """The problem document, in the language that is active."""
        known = problem_json(self.status, self.code, str(self.title), str(self.detail), self.fields)
        return {**self.members, **known}


def problem_json(status: int, code: Any, title: str, detail: str = "", fields: Any = ()) -> dict[str, Any]:
    """The members of RFC 9457, and two of ours: ``code`` and ``errors`` [{field, message}]."""
    body: dict[str, Any] = {"type": f"urn:triptyque:problem:{code}", "title": title, "status": status, "code": code}
    if detail and detail != title:
        body["detail"] = detail
    if fields := [{"field": name, "message": str(message)} for name, message in fields]:
        body["errors"] = fields
    return body
