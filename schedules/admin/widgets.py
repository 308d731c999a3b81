"""The simple form of opening hours: rows of day check-boxes with from and to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _
from unfold.widgets import INPUT_CLASSES

from accounts.admin_widgets import storable
from schedules.slots import MOST_SLOTS, validate_time_slots

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_NEW = "new"
_WORKING_DAYS = ("0", "1", "2", "3", "4")


class TimeSlotsWidget(forms.Widget):
    """A row for each slot and, for those without JavaScript, an empty one. ``switch`` is the text of a check-box that
    turns them all off; without a text there is none.
    """

    template_name = "triptyque/widgets/time_slots.html"

    def __init__(self, switch: StrOrPromise = "") -> None:
        super().__init__()
        self.switch = switch

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        slots = [slot for slot in value if isinstance(slot, Mapping)] if isinstance(value, list) else []
        context["widget"] |= {
            "switch": self.switch,
            "is_on": bool(slots),
            "rows": [self._row(name, str(index), slot) for index, slot in enumerate(slots)],
            "empty_row": self._row(name, str(len(slots)), {}),
            "new_row": self._row(name, _NEW, {"days": _WORKING_DAYS}),
            "input_class": " ".join(INPUT_CLASSES),
        }
        return context

    @staticmethod
    def _row(name: str, index: str, slot: Mapping[str, Any]) -> dict[str, Any]:
        chosen = {str(day) for day in slot.get("days") or ()}
        return {
            "prefix": f"{name}-{index}",
            "days": [
                {"value": day, "label": WEEKDAYS_ABBR[day], "name": WEEKDAYS[day], "is_chosen": str(day) in chosen}
                for day in range(7)
            ],
            "from": slot.get("from") or "",
            # What a browser's field for times calls it.
            "to": "00:00" if slot.get("to") == "24:00" else slot.get("to") or "",
        }

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        if self.switch and not data.get(f"{name}-on"):
            return []
        part = re.compile(rf"{re.escape(name)}-(\d{{1,9}})-(?:days|from|to)")
        indices = {int(found[1]) for key in data if (found := part.fullmatch(key))}
        slots = [self._posted(data, f"{name}-{index}") for index in sorted(indices)[: MOST_SLOTS + 1]]
        return [slot for slot in slots if slot["from"] or slot["to"] or slot["days"]]

    @staticmethod
    def _posted(data: Any, prefix: str) -> dict[str, Any]:
        days = data.getlist(f"{prefix}-days") if hasattr(data, "getlist") else data.get(f"{prefix}-days") or []
        return {
            "days": sorted({int(day) for day in days if str(day) in {"0", "1", "2", "3", "4", "5", "6"}}),
            # Some browsers send seconds.
            **{name: str(data.get(f"{prefix}-{name}") or "").strip()[:5] for name in ("from", "to")},
        }

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str, index: Any = None) -> str:
        return ""


class TimeSlotsField(forms.Field):
    """The list that ``schedules.slots`` describes; rows that are left empty do not count."""

    def __init__(self, *, switch: StrOrPromise = "", **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("label", _("Time slots"))
        super().__init__(widget=TimeSlotsWidget(switch), **kwargs)

    def to_python(self, value: Any) -> Any:
        return storable(value)

    def validate(self, value: Any) -> None:
        super().validate(value)
        validate_time_slots(value or [])

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != (data or []))
