"""Errors as problem details (RFC 9457), in the language that the client accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts.problems import CONTENT_TYPE, Problem, problem_json

log = structlog.get_logger(__name__)


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None (an error of ours) goes on to the 500 page, which is a problem too."""
    body = _as_problem(error)
    if body is None:
        return None
    set_rollback()
    response = Response(body, status=body["status"], content_type=CONTENT_TYPE)
    if isinstance(error, Problem) and error.retry_after_s is not None:
        response["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, exceptions.APIException):
        if header := getattr(error, "auth_header", None):
            response["WWW-Authenticate"] = header
        if wait_s := getattr(error, "wait", None):
            response["Retry-After"] = str(int(wait_s))
    return response


def _as_problem(error: Exception) -> dict[str, Any] | None:
    match error:
        case Problem():
            return error.as_json()
        case exceptions.ValidationError():
            return problem_json(422, "invalid_fields", _("Some fields are not valid"), "", _fields(error.detail))
        case exceptions.APIException():
            return problem_json(error.status_code, error.get_codes(), _title(error.status_code), str(error.detail))
        case Http404():
            return problem_json(404, "not_found", _title(404))
        case PermissionDenied():
            return problem_json(403, "permission_denied", _title(403))
        case ProtectedError():
            return _in_use(error.protected_objects)
        case RestrictedError():
            return _in_use(error.restricted_objects)
    return None


USERS_NAMED = 5


def _in_use(rows: Iterable[object]) -> dict[str, Any]:
    names = sorted({str(row) for row in rows})
    more = ["…"] if len(names) > USERS_NAMED else []
    used_by = ", ".join(names[:USERS_NAMED] + more)
    return problem_json(409, "in_use", _("Still in use"), _("Used by: %(rows)s.") % {"rows": used_by})


def _fields(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Flatten DRF's nested details to (``destinations.0.phone``, sentence)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            inner_path = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from _fields(inner, inner_path)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            yield from _fields(inner, path if isinstance(inner, str) else f"{path}.{position}".lstrip("."))
    else:
        yield path, str(detail)


def _title(status: int) -> str:
    titles = {
        400: _("The request could not be read"),
        401: _("Sign in or give an API key"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("Method not allowed"),
        406: _("Not acceptable"),
        409: _("Conflict"),
        413: _("The request is too large"),
        415: _("Send JSON"),
        429: _("Too many requests"),
        500: _("An internal error occurred"),
    }
    return titles.get(status, HTTPStatus(status).phrase)


def page(request: HttpRequest, status: int) -> JsonResponse | None:
    """What Django answers by itself, before or after any view of the API; None for addresses of people."""
    if not request.path.startswith("/api/"):
        return None
    code = {400: "bad_request", 403: "permission_denied", 404: "not_found", 500: "internal_error"}[status]
    return JsonResponse(problem_json(status, code, _title(status)), status=status, content_type=CONTENT_TYPE)
