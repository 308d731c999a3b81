"""What an import would change in the list as it is now. Rows that are no phone numbers are none of its business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from transfers.imports.lines import Checked, Problem
from transfers.models import ImportMode, TransferDestination


@dataclass(frozen=True, slots=True)
class Existing:
    """The numbers of an action: (id, description, position) by number; the first position behind all its rows,
    and the first one behind those that are no numbers."""

    numbers: Mapping[str, tuple[int, str, int]]
    end: int
    end_of_others: int


@dataclass(slots=True)
class Difference:
    """``new``: (number, description, position); ``changed``: (id, description, position); ``moved``: the same, with
    the description that it has; ``removed``: ids."""

    new: list[tuple[str, str, int]] = field(default_factory=list)
    changed: list[tuple[int, str, int]] = field(default_factory=list)
    moved: list[tuple[int, str, int]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    same: int = 0

    @property
    def counts(self) -> dict[str, int]:
        codes = [notice.code for notice in self.notices]
        return {
            "new": len(self.new),
            "changed": len(self.changed),
            "same": self.same,
            "kept": codes.count("kept"),
            "unknown": codes.count("unknown"),
            "removed": len(self.removed),
        }


def existing_numbers(action_id: int) -> Existing:
    rows = TransferDestination.objects.filter(action=action_id)
    numbers: dict[str, tuple[int, str, int]] = {}
    end = end_of_others = 0
    for pk, phone, description, position in rows.values_list("pk", "phone", "description", "position").iterator(20_000):
        end = max(end, position + 1)
        if phone is None:
            end_of_others = max(end_of_others, position + 1)
        else:
            numbers[phone] = (pk, description, position)
    return Existing(numbers, end, end_of_others)


def compare(mode: str, checked: Checked, existing: Existing, *, has_description: bool) -> Difference:
    """Without a column of descriptions, those that are there stay."""
    if mode == ImportMode.REPLACE:
        return _replaced(checked, existing, has_description)
    difference = Difference()
    if not existing.numbers and mode == ImportMode.ADD:
        at = existing.end
        difference.new = [(phone, text, at) for at, (phone, (text, _line)) in enumerate(checked.numbers.items(), at)]
        return difference
    position = existing.end
    for phone, (text, line) in checked.numbers.items():
        known = existing.numbers.get(phone)
        if known is None:
            if mode == ImportMode.UPDATE:
                difference.notices.append(Problem(line, "unknown", phone))
            else:
                difference.new.append((phone, text, position))
                position += 1
        elif not has_description or known[1] == text:
            difference.same += 1
        elif mode == ImportMode.UPDATE:
            difference.changed.append((known[0], text, known[2]))
        else:
            difference.notices.append(Problem(line, "kept", phone))
    return difference


def _replaced(checked: Checked, existing: Existing, has_description: bool) -> Difference:
    """In the file's order; rows that are in the file already keep their settings, and their places if they can."""
    difference = Difference()
    in_place = _in_place(checked, existing)
    first = existing.end if in_place else existing.end_of_others
    position = first
    for phone, (text, _line) in checked.numbers.items():
        known = existing.numbers.get(phone)
        if known is None:
            difference.new.append((phone, text, position))
            position += 1
            continue
        pk, description, old_position = known
        new_position = old_position if in_place else position
        position += not in_place
        if has_description and description != text:
            difference.changed.append((pk, text, new_position))
        else:
            difference.same += 1
            if new_position != old_position:
                difference.moved.append((pk, description, new_position))
    difference.removed = [row[0] for phone, row in existing.numbers.items() if phone not in checked.numbers]
    return difference


def _in_place(checked: Checked, existing: Existing) -> bool:
    """Whether the known rows are in the file's order already, and before all new ones."""
    last, new_seen = -1, False
    for phone in checked.numbers:
        known = existing.numbers.get(phone)
        if known is None:
            new_seen = True
        elif new_seen or known[2] <= last:
            return False
        else:
            last = known[2]
    return True
