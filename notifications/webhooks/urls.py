"""Where webhooks may go."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.utils.translation import gettext as _

from outbound.addresses import Reach, reach_of
from outbound.allow_list import is_granted
from outbound.errors import OutboundError
from outbound.targets import parse_target


def url_errors(account_id: int, url: str) -> list[str]:
    """What keeps the account from sending there, as far as the URL itself tells. May ask the database.

    Names that lead to private addresses are refused when they are connected to.
    """
    try:
        target = parse_target(url)
    except OutboundError as error:
        return [error.message]
    if async_to_sync(is_granted)(account_id, target.host, target.port):
        return []
    if target.address is not None and reach_of(target.address) is not Reach.PUBLIC:
        message = _("%(host)s is not a public address. Platform staff can allow this host for the account.")
        return [message % {"host": target.host}]
    if target.url.scheme != "https":
        return [_("Write https://: what is sent over http:// can be read on its way.")]
    return []
