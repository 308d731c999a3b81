"""The OpenAPI description: how to sign in, and what an error looks like."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import translation
from django_scopes import scopes_disabled
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from accounts.problems import CONTENT_TYPE

PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457), in the language of Accept-Language: French or English.",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "urn:triptyque:problem:<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "A stable word for programs."},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {
                        "type": "string",
                        "description": "Path of what is to blame, such as destinations.0.phone; empty: the whole.",
                    },
                    "message": {"type": "string"},
                },
                "required": ["field", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "code"],
}
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


class Generator(SchemaGenerator):
    """In English, as the names in it are. Looks at managers outside of any account, and fetches nothing."""

    def get_schema(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        with scopes_disabled(), translation.override("en"):
            return super().get_schema(*args, **kwargs)


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.ApiKeyAuthentication"
    name = ["bearerKey", "headerKey"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        about = "An API key (tq_…) with the scope that the address needs: calls or config."
        return [
            {"type": "http", "scheme": "bearer", "description": about},
            {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": about},
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        return [{name: []} for name in self.name]


class MemberSessionScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.MemberSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        about = "The admin's session. Writing needs the header X-CSRFToken, and the role of an editor."
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME, "description": about}


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Post-processing hook: every operation may answer with a problem."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for method in METHODS & operations.keys():
            operations[method]["responses"]["default"] = {"description": "What went wrong.", "content": content}
    return result


def drop_marks(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Post-processing hook: without the marks by which another hook, not used here, names enumerations."""
    if isinstance(result, dict):
        result.pop("x-spec-enum-id", None)
    for value in result.values() if isinstance(result, dict) else result if isinstance(result, list) else ():
        drop_marks(value, generator, request, public)
    return result
