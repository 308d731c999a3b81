"""Workers of imports: killed, cancelled, at once; claims, leases and the sweep. On the database of the run."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests.transfers.imports.conftest import rows_of
from tests.transfers.imports.import_process import LINES
from transfers import directory, imports, tasks
from transfers.action import TransferAction
from transfers.imports import flow, working
from transfers.models import NumberImport

ROOT = Path(__file__).resolve().parents[3]
BIG = "phone\n" + "".join(f"+3361{number:07}\n" for number in range(12_000))

STATE = re.compile(r"[a-z]+ \d+")

Run = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """A database of its own, of the same make as that of the run."""
    if connection.vendor == "sqlite":
        yield ""
        return
    given = settings.DATABASES["default"]
    name = f"imports_{os.getpid()}"
    address = f"{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT'] or 5432}"
    with psycopg.connect(f"postgres://{address}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"postgres://{address}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Run:
    """Runs a step of ``import_process`` and returns what became of it; the first one was ``prepare``."""

    def step(name: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        command = [sys.executable, "-m", "tests.transfers.imports.import_process", name]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280
        )

    prepared = step("prepare")
    assert prepared.returncode == 0, prepared.stderr
    assert lines_of(prepared) == ["confirmed 1"]
    return step


def lines_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The states that a step told, its log left out."""
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if STATE.fullmatch(line)]


@pytest.mark.processes
@pytest.mark.timeout(600)
def test_a_worker_killed_half_way_has_written_nothing_and_the_import_resumes(run: Run) -> None:
    assert run("die").returncode == -signal.SIGKILL
    assert lines_of(run("recover")) == ["writing 1", "confirmed 1", f"done {LINES}"]


@pytest.mark.processes
@pytest.mark.timeout(600)
def test_an_import_cancelled_half_way_leaves_the_list_as_it_was(run: Run) -> None:
    done = run("cancel")
    assert lines_of(done) == ["cancelled 1"]
    assert "[True]" in done.stdout


@pytest.mark.processes
@pytest.mark.timeout(600)
def test_two_imports_at_once_are_written_one_after_the_other(run: Run) -> None:
    done = run("race")
    assert lines_of(done) == [f"done {LINES + 1}"]
    assert str([("done", 0, LINES), ("done", LINES, 0)]) in done.stdout


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The imports for which a worker was woken; nobody works unless a test does."""
    found: list[object] = []
    monkeypatch.setattr(flow, "wake_worker", lambda import_id, account_id: found.append(import_id))
    return found


@pytest.fixture
def big(
    upload: Callable[..., NumberImport], woken: list[object], django_capture_on_commit_callbacks: Callable[..., object]
) -> NumberImport:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        return upload(BIG)


def test_a_large_file_waits_for_a_worker(
    big: NumberImport, woken: list[object], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    assert (big.state, big.is_moving, woken) == ("uploaded", True, [big.pk])
    tasks.work_import(str(big.pk), big.account_id)
    big.refresh_from_db()
    assert (big.state, big.progress, big.total) == ("checked", 12_000, 12_000)

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        imports.confirm(big)
    assert (big.state, woken) == ("confirmed", [big.pk, big.pk])
    tasks.work_import(str(big.pk), big.account_id)
    big.refresh_from_db()
    assert (big.state, big.counts["new"], big.progress, big.is_finished) == ("done", 12_000, 12_000, True)
    assert not bytes(big.file.content)


def test_an_import_goes_to_one_worker_only(big: NumberImport) -> None:
    first = flow._claim(big.pk)
    assert first is not None
    assert flow._claim(big.pk) is None


def test_progress_is_told_while_lines_are_judged(big: NumberImport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "BEAT_S", 0)
    seen = []
    beat = working._Pulse.beat

    def watched(pulse: working._Pulse, done: int) -> None:
        beat(pulse, done)
        seen.append(NumberImport.objects.values_list("progress", "total").get(pk=big.pk))

    monkeypatch.setattr(working._Pulse, "beat", watched)
    imports.work(big.pk)
    assert seen == [(done, 12_000) for done in range(2_000, 12_001, 2_000)]


def test_the_sweep_gives_up_after_several_dead_workers_and_people_may_start_again(
    upload: Callable[..., NumberImport], listed: TransferAction, woken: list[object]
) -> None:
    row = upload("phone\n+33612345678\n")
    NumberImport.objects.filter(pk=row.pk).update(state="confirmed")
    for _attempt in range(flow.MOST_ATTEMPTS):
        assert flow._claim(row.pk) is not None
        NumberImport.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
        swept = imports.sweep()
    assert (swept["failed"], swept["released"]) == (1, 0)
    row.refresh_from_db()
    assert (row.state, row.error["code"]) == ("failed", "worker_lost")
    assert imports.error_sentence(row)

    imports.confirm(row)
    assert (row.state, rows_of(listed)) == ("done", [("+33612345678", "")])


def test_the_sweep_wakes_a_worker_for_what_was_forgotten(big: NumberImport, woken: list[object]) -> None:
    woken.clear()
    NumberImport.objects.update(woken_at=timezone.now())
    assert imports.sweep()["woken"] == 0
    NumberImport.objects.update(woken_at=timezone.now() - dt.timedelta(minutes=5))
    assert imports.sweep()["woken"] == 1
    assert woken == [big.pk]


def test_old_imports_are_forgotten(upload: Callable[..., NumberImport]) -> None:
    upload("phone\n+33612345678\n")
    imports.sweep()
    assert NumberImport.objects.count() == 1
    NumberImport.objects.update(uploaded_at=timezone.now() - dt.timedelta(days=flow.KEEP_DAYS + 1))
    imports.sweep()
    assert not NumberImport.objects.exists()


def test_an_import_that_ended_can_neither_be_cancelled_nor_confirmed(upload: Callable[..., NumberImport]) -> None:
    row = upload("phone\n+33612345678\n")
    imports.confirm(row)
    assert not imports.cancel(row)
    with pytest.raises(imports.WrongState):
        imports.confirm(row)


def test_an_action_deleted_meanwhile_takes_its_imports_along(
    upload: Callable[..., NumberImport], listed: TransferAction
) -> None:
    row = upload("phone\n+33612345678\n")
    listed.delete()
    imports.work(row.pk)
    assert not NumberImport.objects.exists()


def test_a_broken_import_says_so_and_writes_nothing(
    upload: Callable[..., NumberImport], listed: TransferAction
) -> None:
    row = upload("phone\n+33612345678\n")
    with patch("transfers.imports.writing.write", side_effect=ValueError("broken")):
        imports.confirm(row)
    assert (row.state, row.error["code"], rows_of(listed)) == ("failed", "broke", [])


def test_rows_of_a_worker_that_died_before_they_were_searchable_are_made_so_by_the_sweep(
    upload: Callable[..., NumberImport], listed: TransferAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "_after", lambda _action_id: None)
    imports.confirm(upload("phone,description\n+33612345678,Zanzibar\n"))
    assert directory.is_due(listed.pk)
    assert directory.search(listed.pk, "zanzibar", language="fr") == []
    monkeypatch.setattr("transfers.directory.upkeep.LEFT_AFTER_S", -1)
    tasks.sweep()
    assert not directory.is_due(listed.pk)
    assert [match.value for match in directory.search(listed.pk, "zanzibar", language="fr")] == ["+33612345678"]
