"""The email to an account's administrators when a webhook was switched off, in the language of each."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Membership, Role, User
from notifications.models import DisabledReason, WebhookSubscription
from notifications.webhooks.disabling import FAILING_FOR
from outbound.errors import shown_url

AGAIN_AFTER = dt.timedelta(minutes=5)


def tell_of_disabled(subscription_id: int) -> None:
    """Once told, the notice is settled; should the mail server fail, it is due again some minutes later."""
    now = timezone.now()
    owed = WebhookSubscription.objects.filter(pk=subscription_id, is_enabled=False, notice_due_at__lte=now)
    if not owed.update(notice_due_at=now + AGAIN_AFTER):
        return
    subscription = WebhookSubscription.objects.select_related("account").get(pk=subscription_id)
    emails = [_email(subscription, admin) for admin in _admins(subscription.account_id)]
    if emails:
        get_connection().send_messages(emails)
    WebhookSubscription.objects.filter(pk=subscription_id).update(notice_due_at=None)


def _admins(account_id: int) -> list[User]:
    rows = Membership.objects.filter(Q(account_id=account_id), role=Role.ADMIN, user__is_active=True)
    return [row.user for row in rows.select_related("user")]


def _email(subscription: WebhookSubscription, admin: User) -> EmailMessage:
    with override(admin.language):
        url = settings.PUBLIC_URL + reverse("admin:notifications_webhooksubscription_change", args=[subscription.pk])
        facts = {
            "name": subscription.name,
            "account": subscription.account.name,
            "url": shown_url(subscription.url),
            "error": subscription.last_error or "–",
            "link": url,
            "days": FAILING_FOR.days,
        }
        why = _("For %(days)d days, nothing could be delivered to %(url)s.")
        if subscription.disabled_reason == DisabledReason.GONE:
            why = _("%(url)s answered that it is gone for good (status 410).")
        text = "\n\n".join(
            [
                why % facts,
                _("The webhook “%(name)s” of the account %(account)s is therefore switched off.") % facts,
                _("The last error: %(error)s") % facts,
                _("Once the address works again, switch the webhook on: %(link)s") % facts,
            ]
        )
        subject = _("The webhook “%(name)s” is switched off") % facts
    return EmailMessage(subject, text, to=[admin.email], headers={"Auto-Submitted": "auto-generated"})
