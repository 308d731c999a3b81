"""Who uses an SMS connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.usage import Use
from actions.models import Agent
from actions.releases import load_plan
from notifications.models.sms import SmsConnection
from outbound.usage import ProfileUse


def uses_of(connection: SmsConnection) -> list[Use]:
    return uses_by_connection([connection])[connection.pk]


def uses_by_connection(connections: Iterable[SmsConnection]) -> dict[int, list[Use]]:
    """Actions as they are edited, then agents whose published version still sends through the connection."""
    from notifications.kinds.sms import SmsAction

    uses: dict[int, list[Use]] = {connection.pk: [] for connection in connections}
    drawn: set[tuple[int, int]] = set()
    for action in SmsAction.objects.filter(connection__in=uses).select_related("agent").order_by("agent", "name"):
        drawn.add((action.connection_id, action.agent_id))
        label = _("%(agent)s: %(action)s") % {"agent": action.agent, "action": action.name}
        url = reverse("admin:notifications_smsaction_change", args=[action.pk])
        uses[action.connection_id].append(Use(label, url))
    for agent, connection_id in _published(set(uses)):
        if (connection_id, agent.pk) not in drawn:
            label = _("%(agent)s, as published") % {"agent": agent}
            uses[connection_id].append(Use(label, reverse("admin:actions_agent_change", args=[agent.pk])))
    return uses


def profile_uses(account_id: int) -> Iterator[ProfileUse]:
    """The auth profiles that SMS connections of the account prove themselves with."""
    rows = SmsConnection._base_manager.filter(account=account_id, auth_profile__isnull=False)
    for pk, name, profile in rows.order_by("name").values_list("pk", "name", "auth_profile__name"):
        label = _("SMS connection “%(name)s”") % {"name": name}
        yield ProfileUse(profile, label, reverse("admin:notifications_smsconnection_change", args=[pk]))


def _published(wanted: set[int]) -> Iterable[tuple[Agent, int]]:
    from notifications.kinds.sms import SmsParams

    if not wanted:
        return
    for agent in Agent.objects.filter(current_release__isnull=False):
        assert agent.current_release_id is not None
        plan = load_plan(agent.current_release_id)
        used = {action.params.connection_id for action in plan.actions if isinstance(action.params, SmsParams)}
        for pk in used & wanted:
            yield agent, pk
