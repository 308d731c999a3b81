"""What a published transfer refers to and what was deleted since. At a call nobody could be rung."""

from __future__ import annotations

from django.utils.translation import gettext as _

from actions.models import Agent
from schedules.models import Schedule
from transfers.action import TransferAction
from transfers.choices import Choice
from transfers.models import SipConnection
from transfers.params import TransferParams


def missing(params: TransferParams, account_id: int) -> list[str]:
    """One sentence for each, in the reader's language. Inside the account's scope."""
    found: list[str] = []
    if params.sip_connection_id is not None and not _has(SipConnection, params.sip_connection_id, account=account_id):
        found.append(_("The SIP connection to ring through was deleted."))
    if params.schedule_id is not None and not _has(Schedule, params.schedule_id, account=account_id):
        found.append(_("The schedule of the transfer was deleted."))
    directory = params.directory_action_id
    if directory is not None and not _has(TransferAction, directory, agent__account=account_id):
        found.append(_("The transfer whose numbers were searched was deleted."))
    for choice in params.destinations:
        found += _missing_of(choice, account_id)
    return found


def _missing_of(choice: Choice, account_id: int) -> list[str]:
    found: list[str] = []
    if choice.schedule_id is not None and not _has(Schedule, choice.schedule_id, account=account_id):
        found.append(_("The schedule of the destination “%(name)s” was deleted.") % {"name": choice.name})
    if choice.agent_id is not None and not _has(Agent, choice.agent_id, account=account_id):
        found.append(_("The agent of the destination “%(name)s” was deleted.") % {"name": choice.name})
    return found


def _has(model: type[SipConnection | Schedule | TransferAction | Agent], pk: int, **account: int) -> bool:
    return model._default_manager.filter(pk=pk, **account).exists()
