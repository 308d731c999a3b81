"""Libraries that only a worker or one page needs, kept out of every web process until then.

numpy, tantivy, redis, openpyxl, reportlab and their like cost 40 MiB in all and half a second at start.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def lazily(name: str) -> ModuleType:
    """The module ``name``, imported when something of it is first asked for. Raises ImportError only then."""
    return _Later(name)
