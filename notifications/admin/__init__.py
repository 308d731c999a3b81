"""What people configure and see of messages: the forms of the kinds, the deliveries, the suppressed addresses."""

from notifications.admin.deliveries import DeliveryAdmin
from notifications.admin.email import EmailActionAdmin
from notifications.admin.sms import SmsActionAdmin
from notifications.admin.sms_connections import OptOutAdmin, SmsConnectionAdmin
from notifications.admin.suppressions import SuppressionAdmin
from notifications.admin.webhook_action import WebhookActionAdmin
from notifications.admin.webhook_deliveries import WebhookDeliveryAdmin
from notifications.admin.webhooks import WebhookAdmin

__all__ = [
    "DeliveryAdmin",
    "EmailActionAdmin",
    "OptOutAdmin",
    "SmsActionAdmin",
    "SmsConnectionAdmin",
    "SuppressionAdmin",
    "WebhookActionAdmin",
    "WebhookAdmin",
    "WebhookDeliveryAdmin",
]
