"""What is wrong with a webhook action, in sentences for its editor."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from actions.contract import JSON, Moment
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names
from actions.expressions.templates import compile_json
from notifications.models.webhooks import WebhookSubscription
from notifications.texts import template_errors
from outbound import credentials
from outbound.errors import OutboundError
from outbound.messages import OutgoingRequest

MOST_HEADERS = 30
LONGEST_HEADER = 4000

OURS = frozenset({"webhook-id", "webhook-timestamp", "webhook-signature", "idempotency-key", "content-type"})


def header_errors(headers: JSON) -> list[str]:
    """``headers`` is a list of ``{"name", "value"}``, whose values are templates."""
    if not isinstance(headers, list) or not all(_is_header(header) for header in headers):
        return [_("Write headers as a list of names and values.")]
    if len(headers) > MOST_HEADERS or any(len(header["value"]) > LONGEST_HEADER for header in headers):
        return [_("These are too many headers, or too long ones.")]
    names = [header["name"].lower() for header in headers]
    errors = [_("The header %(name)s stands there twice.") % {"name": name} for name in _twice(names)]
    for header in headers:
        errors += _name_errors(header["name"]) or template_errors(header["value"])
    return errors


def _is_header(header: JSON) -> bool:
    return (
        isinstance(header, Mapping)
        and header.keys() == {"name", "value"}
        and all(isinstance(text, str) for text in header.values())
    )


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _name_errors(name: str) -> list[str]:
    if name.lower() in OURS:
        return [_("The header %(name)s cannot be set: it is managed automatically.") % {"name": name}]
    try:
        OutgoingRequest("POST", "", {name: ""}).check()
    except OutboundError as error:
        return [error.message]
    return []


def body_errors(body: JSON) -> list[str]:
    """None is good: it stands for the call."""
    if body is None:
        return []
    try:
        compiled = compile_json(body)
    except ExpressionError as error:
        return [error.message]
    return [str(unknown) for unknown in unknown_names(compiled.names, Moment.AFTER)]


def profile_errors(name: str, account_id: int) -> list[str]:
    if not name or name in credentials.names(account_id):
        return []
    return [_("There are no credentials called “%(name)s”.") % {"name": name}]


def signer_errors(subscription_id: int | None) -> list[str]:
    """Call it inside the account's scope."""
    if subscription_id is None or WebhookSubscription.objects.filter(pk=subscription_id).exists():
        return []
    return [_("The webhook whose secret signed this does not exist any more.")]
