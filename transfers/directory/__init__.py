"""The live numbers of a transfer that has too many to show them all: searched in words, chosen by name.

>>> search(action_id, "the billing dept in Lion", limit=8, language="en")
[Match(name="Facturation – Lyon", …), …]
"""

from transfers.directory.matches import Match
from transfers.directory.search import find, search, search_ids
from transfers.directory.upkeep import after_bulk_change, announce_bulk_change, is_due, sweep

__all__ = ["Match", "after_bulk_change", "announce_bulk_change", "find", "is_due", "search", "search_ids", "sweep"]
