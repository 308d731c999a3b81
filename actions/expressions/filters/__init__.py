"""The filters that templates may use; there are no others, and none takes a pattern."""

from __future__ import annotations

from actions.expressions.filters import general, lists, texts
from actions.expressions.filters.base import FILTERS

__all__ = ["FILTERS", "general", "lists", "texts"]
