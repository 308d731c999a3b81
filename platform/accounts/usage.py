"""Who uses a row: what people see of it, and are told when it is to be deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Named(Protocol):
    @property
    def label(self) -> str: ...

    @property
    def url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Use:
    """``label`` says to people who uses a row; ``url`` leads to a page of the admin, or is ''."""

    label: str
    url: str = ""
