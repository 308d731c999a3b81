"""Sources with real indexes on disk, each test in a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django_scopes import scope

from accounts.models import Account
from knowledge import ingestion
from knowledge.models import Source

ROOT = Path(__file__).resolve().parents[2]

FRENCH = """# Contrat

## Résiliation

La résiliation de votre contrat est possible à tout moment après la première année. Envoyez une lettre au service
client ; le préavis est de deux mois.

## Remboursement

Les soins dentaires sont remboursés à 70 %. Les cotisations déjà versées ne sont pas remboursables.
"""

ENGLISH = """# Contract

## Cancellation

You may cancel your policy at any time after the first year. The notice period is two months.

## Opening hours

Our offices are open from Monday to Friday, nine to six.
"""


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: LazySettings) -> Path:
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    return tmp_path


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sources for which a worker was woken; nobody works unless a test does."""
    sources: list[int] = []
    for module in ("signals", "ingestion", "web_pages"):
        monkeypatch.setattr(f"knowledge.{module}.wake_worker", lambda source_id, account_id: sources.append(source_id))
    return sources


@pytest.fixture
def source(account: Account) -> Iterator[Source]:
    with scope(account=account):
        yield Source.objects.create(account=account, name="Mutuelle")


@pytest.fixture
def filled(source: Source, write: Callable[..., None]) -> Source:
    write(source, Contrat=FRENCH, Contract=ENGLISH)
    return source


@pytest.fixture
def write() -> Callable[..., None]:
    """Documents by title, indexed as a worker would."""

    def work(source: Source, **texts: str) -> None:
        for title, text in texts.items():
            source.documents.create(title=title, text=text)
        ingestion.ingest_source(source.pk)

    return work


def run_step(step: str, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """A step of ``tests/knowledge/worker_process.py``, on a database of its own in ``data_dir``."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "-m", "tests.knowledge.worker_process", step]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
