"""Pages of transfers: the action itself (``actions``), and what hangs on it."""

from transfers.admin.connections import SipConnectionAdmin
from transfers.admin.destinations import TransferDestinationAdmin
from transfers.admin.imports import NumberImportAdmin
from transfers.admin.rules import NumberRulesAdmin

__all__ = ["NumberImportAdmin", "NumberRulesAdmin", "SipConnectionAdmin", "TransferDestinationAdmin"]
