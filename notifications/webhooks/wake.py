"""Waking a worker for an endpoint. Where the broker is down, the sweep finds what is due."""

from __future__ import annotations

from accounts.queue import wake

SEND_WEBHOOKS = "notifications.send_webhooks"
TELL_OF_DISABLED = "notifications.tell_of_disabled_webhook"


def wake_sender(subscription_id: int, account_id: int) -> None:
    """Have what is due to the endpoint sent; to be called once the rows are committed."""
    wake(SEND_WEBHOOKS, subscription_id, account_id)
