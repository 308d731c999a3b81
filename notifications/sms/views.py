"""The public address of a connection, where its provider reports. Whoever knows the address is the provider;
one that signs what it sends must have signed it, besides.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_scopes import scope, scopes_disabled
from pydantic import ValidationError

from actions.storable import storable, storable_text
from notifications.models.sms import SmsConnection
from notifications.sms.providers.base import IncomingReport
from notifications.sms.receiving import take_status, take_text
from outbound.secrets import SecretsUnreadable

log = structlog.get_logger(__name__)

MOST_BYTES = 64 * 1024
MOST_FIELDS = 200


@csrf_exempt
@require_POST
def report(request: HttpRequest, token: str) -> HttpResponse:
    """404 for an address that is none, 403 for what its provider has not signed, 413 and 400 for what is no report.

    Anything else is answered with 200, also what means nothing to us: a provider would only send it again.
    """
    connection = _connection(token)
    body = request.body
    if len(body) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        incoming = _read(request, body)
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    with scope(account=connection.account):
        return _take(connection, incoming)


def _take(connection: SmsConnection, incoming: IncomingReport) -> HttpResponse:
    provider = connection.provider_object
    try:
        own = provider.Settings.model_validate(connection.settings)
        if not provider.is_genuine(incoming, own, connection.secrets()):
            log.warning("sms_report_not_genuine", connection=connection.pk)
            return HttpResponse(status=403)
    except (ValidationError, SecretsUnreadable):
        # It will be sent again: somebody may have put the connection right by then.
        log.warning("sms_connection_unusable", connection=connection.pk)
        return HttpResponse(status=503)
    if (text := provider.parse_text(incoming, own)) is not None:
        wish = take_text(connection, text)
        log.info("sms_answer", connection=connection.pk, wish=wish)
    elif (status := provider.parse_status(incoming, own)) is not None:
        is_news = take_status(connection, status, incoming.query.get("message", ""))
        log.info("sms_receipt", connection=connection.pk, state=status.state, news=is_news)
    kind, content = provider.reply
    return HttpResponse(content, content_type=f"{kind}; charset=utf-8")


def _connection(token: str) -> SmsConnection:
    """Crosses accounts on purpose: the address says whose it is."""
    with scopes_disabled():
        rows = SmsConnection.objects.select_related("account").filter(account__is_active=True)
        found: SmsConnection | None = rows.filter(token=token).first()
    if found is None:
        raise Http404
    return found


def _read(request: HttpRequest, body: bytes) -> IncomingReport:
    """Raises ValueError for a body that is neither a form nor JSON."""
    text = body.decode()
    fields: list[tuple[str, str]] = []
    data: Any = None
    if (request.content_type or "").partition(";")[0].strip().lower().endswith("json"):
        data = storable(json.loads(text, parse_constant=_refuse))
    else:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    return IncomingReport(
        url=f"{settings.PUBLIC_URL}{request.get_full_path()}",
        headers={name.lower(): value for name, value in request.headers.items()},
        query={name: storable_text(value) for name, value in request.GET.dict().items()},
        fields=tuple((storable_text(name), storable_text(value)) for name, value in fields),
        data=data,
    )


def _refuse(text: str) -> float:
    raise ValueError(text)
