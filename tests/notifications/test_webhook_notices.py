"""When a webhook is switched off, each administrator reads it in their own language; nobody else does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from django_scopes import scope

from accounts import queue as broker
from accounts.models import Account, User
from notifications.models import WebhookSubscription
from notifications.webhooks import notices, sweeping


@pytest.fixture
def webhook(account: Account) -> WebhookSubscription:
    with scope(account=account):
        return WebhookSubscription.objects.create(
            account=account,
            name="CRM",
            url="https://crm.example/hooks?token=s3cret",
            event_types=["call.completed"],
            is_enabled=False,
            disabled_at=timezone.now(),
            disabled_reason="failing",
            last_error="The address answered with the status 500.",
            notice_due_at=timezone.now() - dt.timedelta(seconds=1),
        )


def tell(webhook: WebhookSubscription) -> None:
    with scope(account=webhook.account_id):
        notices.tell_of_disabled(webhook.pk)
    with scope(account=webhook.account_id):
        webhook.refresh_from_db()


def test_administrators_read_it_in_their_language(
    webhook: WebhookSubscription, admin_user: User, editor_user: User, stranger: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    for language, subject in (
        ("fr", "Le webhook «\u00a0CRM\u00a0» est désactivé"),
        ("en", "The webhook “CRM” is switched off"),
    ):
        User.objects.filter(pk=admin_user.pk).update(language=language)
        with scope(account=webhook.account_id):
            WebhookSubscription.objects.update(notice_due_at=timezone.now() - dt.timedelta(seconds=1))
        mail.outbox.clear()
        tell(webhook)
        (message,) = mail.outbox
        assert (message.to, message.subject) == ([admin_user.email], subject)
        assert f"/admin/notifications/webhooksubscription/{webhook.pk}/change/" in message.body
        assert "status 500" in message.body
        assert "s3cret" not in message.body
        assert webhook.notice_due_at is None


def test_it_is_told_once(webhook: WebhookSubscription, admin_user: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tell(webhook)
    tell(webhook)
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_down_delays_it(
    webhook: WebhookSubscription, admin_user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(OSError, match="refused"):
        tell(webhook)
    with scope(account=webhook.account_id):
        webhook.refresh_from_db()
    assert webhook.notice_due_at is not None
    assert webhook.notice_due_at > timezone.now()
    woken: list[Any] = []
    monkeypatch.setattr(broker.current_app, "send_task", lambda name, args, **options: woken.append(name))
    with scope(account=webhook.account_id):
        WebhookSubscription.objects.update(notice_due_at=timezone.now() - dt.timedelta(seconds=1))
    sweeping.sweep()
    assert woken == ["notifications.tell_of_disabled_webhook"]
