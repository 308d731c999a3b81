"""The records of what was sent, and to whom nothing is sent any more. The configuration lives beside each kind."""

from actions.registry import import_kinds
from notifications.models.deliveries import Channel, Delivery, DeliveryState, ProviderId
from notifications.models.sms import OptOut, OptOutSource, Receipt, SmsConnection, SmsDetails
from notifications.models.suppressions import Suppression, SuppressionReason
from notifications.models.webhooks import (
    PING,
    DisabledReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookState,
    WebhookSubscription,
)

__all__ = [
    "PING",
    "Channel",
    "Delivery",
    "DeliveryState",
    "DisabledReason",
    "OptOut",
    "OptOutSource",
    "ProviderId",
    "Receipt",
    "SmsConnection",
    "SmsDetails",
    "Suppression",
    "SuppressionReason",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookState",
    "WebhookSubscription",
]

import_kinds("notifications.kinds")
