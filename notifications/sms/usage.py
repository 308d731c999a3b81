"""Who uses an SMS connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.usage import Use
from actions.usage import uses_through
from notifications.models.sms import SmsConnection
from outbound.usage import ProfileUse


def uses_by_connection(connections: Iterable[SmsConnection]) -> dict[int, list[Use]]:
    from notifications.kinds.sms import SmsAction, SmsParams

    return uses_through(SmsAction, SmsParams, "connection", connections)


def profile_uses(account_id: int) -> Iterator[ProfileUse]:
    """The auth profiles that SMS connections of the account prove themselves with."""
    rows = SmsConnection._base_manager.filter(account=account_id, auth_profile__isnull=False)
    for pk, name, profile in rows.order_by("name").values_list("pk", "name", "auth_profile__name"):
        label = _("SMS connection “%(name)s”") % {"name": name}
        yield ProfileUse(profile, label, reverse("admin:notifications_smsconnection_change", args=[pk]))
