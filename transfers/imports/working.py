"""The two pieces of work of an import: checking it, and writing it. Whoever calls holds its claim."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.utils import timezone

from transfers.directory import after_bulk_change, announce_bulk_change
from transfers.fast_numbers import Numbers
from transfers.imports import records, writing
from transfers.imports.difference import Difference, compare, existing_numbers
from transfers.imports.lines import Checked, Problem, check_lines
from transfers.imports.refusals import ImportRefused
from transfers.imports.tables import read_table
from transfers.models import ImportState, NumberImport, NumberImportFile
from transfers.numbers import Rules, rules_of

LEASE_S = 60
BEAT_S = 0.5
FIRST_PROBLEMS = 20
PREVIEWED = 10
MOST_TRIES = 5


class Interrupted(Exception):
    """The import was cancelled, deleted, or taken over: whatever was written is rolled back."""


def lease() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=LEASE_S)


def check(row: NumberImport) -> None:
    """Say what the import would do, and write none of it. Raises ImportRefused, Interrupted."""
    rules = rules_of(row.account)
    checked = _checked(row, rules, _Pulse(row))
    if not checked.lines:
        raise ImportRefused("no_rows")
    difference = compare(
        row.mode, checked, existing_numbers(row.action_id), has_description=row.reading["has_description"]
    )
    problems = _in_order(checked, difference)
    with transaction.atomic():
        _finish(
            row,
            problems,
            state=ImportState.CHECKED,
            counts={**checked.counts, **difference.counts},
            preview=[[line, phone, text] for phone, (text, line) in _first(checked)],
            attempts=0,
            progress=checked.lines,
            total=checked.lines,
        )
        NumberImportFile.objects.filter(number_import=row.pk).update(judged=records.pack_checked(checked, rules))


def write(row: NumberImport) -> None:
    """Compare the file with the list as it is now, and write. Raises ImportRefused, Interrupted.

    It is judged anew where suggestions are taken, or the rules have changed since it was checked.
    """
    pulse = _Pulse(row)
    rules = rules_of(row.account)
    checked = _known(row, rules) or _checked(row, rules, pulse, take_suggestions=row.takes_suggestions)
    if (bad := checked.counts["bad"]) and not row.skips_bad_lines:
        raise ImportRefused("bad_lines", count=bad)
    if not checked.numbers:
        raise ImportRefused("nothing_good")
    pulse.total = checked.lines
    pulse.beat(checked.lines // 2)
    for tries in range(1, MOST_TRIES + 1):
        try:
            _write(row, checked, pulse)
            break
        except DatabaseError:
            # Somebody put the same number into the list by hand at this moment: what is in the list is read anew.
            if tries == MOST_TRIES or connection.in_atomic_block:
                raise
    transaction.on_commit(lambda: _after(row.action_id))


def _write(row: NumberImport, checked: Checked, pulse: _Pulse) -> None:
    with transaction.atomic():
        if not writing.lock_list(row.action_id):
            raise Interrupted
        difference = compare(
            row.mode, checked, existing_numbers(row.action_id), has_description=row.reading["has_description"]
        )
        written = writing.write(row.action_id, difference, pulse.wrote)
        _finish(
            row,
            _in_order(checked, difference),
            state=ImportState.DONE,
            counts={**checked.counts, **difference.counts, **written},
            finished_at=timezone.now(),
            progress=checked.lines,
            total=checked.lines,
        )
        NumberImportFile.objects.filter(number_import=row.pk).update(content=b"", judged=b"")
        announce_bulk_change(row.action_id)


def _after(action_id: int) -> None:
    after_bulk_change(action_id)


def _known(row: NumberImport, rules: Rules) -> Checked | None:
    if row.takes_suggestions:
        return None
    packed = NumberImportFile.objects.values_list("judged", flat=True).get(number_import=row.pk)
    return records.unpack_checked(bytes(packed), rules)


def _checked(row: NumberImport, rules: Rules, pulse: _Pulse, *, take_suggestions: bool = False) -> Checked:
    content = NumberImportFile.objects.values_list("content", flat=True).get(number_import=row.pk)
    table = read_table(bytes(content))
    return check_lines(
        table.lines(),
        table.columns,
        Numbers(rules),
        row.region,
        take_suggestions=take_suggestions,
        on_progress=pulse.checked,
    )


def _in_order(checked: Checked, difference: Difference) -> list[Problem]:
    return sorted([*checked.problems, *difference.notices], key=lambda problem: problem.line)


def _first(checked: Checked) -> list[tuple[str, tuple[str, int]]]:
    return [each for each, _at in zip(checked.numbers.items(), range(PREVIEWED), strict=False)]


def _finish(row: NumberImport, problems: list[Problem], **columns: Any) -> None:
    """Raises Interrupted, so that the transaction is rolled back, when the import is no longer ours."""
    first = sorted(problems, key=lambda problem: problem.is_notice)[:FIRST_PROBLEMS]
    columns["first_problems"] = [list(problem) for problem in first]
    held = NumberImport.objects.filter(pk=row.pk, claim=row.claim, state=row.state)
    if not held.update(claim=None, lease_until=None, error={}, **columns):
        raise Interrupted
    NumberImportFile.objects.filter(number_import=row.pk).update(problems=records.pack(problems))


class _Pulse:
    """Tells others how far the work is, keeps the claim alive, and notices that the import was cancelled."""

    def __init__(self, row: NumberImport) -> None:
        self.row = row
        self.total = max(row.total, 1)
        self.done = 0
        self.halves = row.state == ImportState.WRITING
        self.last_s = time.monotonic()

    def checked(self, lines: int) -> None:
        if time.monotonic() - self.last_s > BEAT_S:
            self.beat(min(lines, self.total) // (2 if self.halves else 1))

    def beat(self, done: int) -> None:
        self.last_s = time.monotonic()
        self.done = done
        held = NumberImport.objects.filter(pk=self.row.pk, claim=self.row.claim)
        if not held.update(progress=done, total=self.total, lease_until=lease()):
            raise Interrupted

    def wrote(self, rows: int) -> None:
        """Inside the transaction, whose updates nobody sees: over a connection of its own. SQLite has one writer,
        this one, so that nobody can wait for news or cancel before it ends."""
        self.done = min(self.done + rows // 2, self.total)
        if connection.vendor != "postgresql" or time.monotonic() - self.last_s < BEAT_S:
            return
        self.last_s = time.monotonic()
        own = connections.create_connection(DEFAULT_DB_ALIAS)
        try:
            with own.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {NumberImport._meta.db_table} SET progress = %s, lease_until = %s "  # noqa: S608
                    "WHERE id = %s AND claim = %s",
                    [self.done, lease(), self.row.pk, self.row.claim],
                )
                cancelled = not cursor.rowcount and _is_cancelled(cursor, self.row)
        except DatabaseError:
            return
        finally:
            own.close()
        if cancelled:
            raise Interrupted


def _is_cancelled(cursor: Any, row: NumberImport) -> bool:
    cursor.execute(f"SELECT 1 FROM {NumberImport._meta.db_table} WHERE id = %s", [row.pk])  # noqa: S608
    return cursor.fetchone() is not None
