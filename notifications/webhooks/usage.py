"""Which auth profiles webhook actions use as they are drawn; of published versions, workflows' usage tells."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from actions.admin.moments import change_url
from notifications.kinds.webhook import WebhookAction
from outbound.usage import ProfileUse


def profile_uses(account_id: int) -> Iterator[ProfileUse]:
    with scopes_disabled():
        rows = WebhookAction.objects.filter(agent__account_id=account_id).exclude(auth_profile="")
        actions = list(rows.select_related("agent"))
    for action in actions:
        label = _("Action “%(name)s” of the agent “%(agent)s”") % {"name": action.name, "agent": action.agent.name}
        yield ProfileUse(action.auth_profile, label, change_url(action))
