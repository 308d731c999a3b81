"""Celery tasks of notifications: enter the account's scope, delegate, nothing else."""

from __future__ import annotations

from celery import shared_task
from django_scopes import scope

from notifications.webhooks import notices, sweeping
from notifications.webhooks.sender import sender
from notifications.webhooks.wake import SEND_WEBHOOKS, TELL_OF_DISABLED


@shared_task(name=SEND_WEBHOOKS)
def send_webhooks(subscription_id: int, account_id: int) -> None:
    sender().serve(subscription_id, account_id)


@shared_task(name=TELL_OF_DISABLED)
def tell_of_disabled_webhook(subscription_id: int, account_id: int) -> None:
    with scope(account=account_id):
        notices.tell_of_disabled(subscription_id)


@shared_task(name="notifications.sweep_webhooks")
def sweep_webhooks() -> None:
    sweeping.sweep()
