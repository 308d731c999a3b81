"""The tables that every email and webhook of a call is written to."""

from accounts.statements import Table
from notifications.models import Delivery, Suppression, WebhookAttempt, WebhookDelivery

DELIVERIES, SUPPRESSIONS = Table(Delivery), Table(Suppression)
WEBHOOKS, ATTEMPTS = Table(WebhookDelivery), Table(WebhookAttempt)
