"""Misconfiguration is told at start, with an id and a hint."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config import checks


def ids(messages: list[Any]) -> list[str]:
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


def test_a_data_directory_must_be_writable(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    assert ids(checks.check_data_directory(None)) == []
    settings.DATA_DIR = tmp_path / "absent"
    assert ids(checks.check_data_directory(None)) == ["config.E001"]


def test_postgresql_with_the_embedded_queue_is_odd(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "connection", SimpleNamespace(vendor="postgresql"))
    settings.CELERY_BROKER_URL = "embedded:////tmp/queue.sqlite3"
    assert ids(checks.check_queue_and_database_fit(None)) == ["config.W001"]
    settings.CELERY_BROKER_URL = "amqp://"
    assert ids(checks.check_queue_and_database_fit(None)) == []


def test_the_public_address_must_be_one_that_answers(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["triptyque.example.org"]
    for address, expected in [
        ("https://triptyque.example.org", []),
        ("https://other.example.org", ["config.W002"]),
        ("triptyque.example.org", ["config.E002"]),
    ]:
        settings.PUBLIC_URL = address
        assert ids(checks.check_public_address(None)) == expected


def test_catalogues_must_be_compiled(settings: Any, tmp_path: Path) -> None:
    source = tmp_path / "fr" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.touch()
    settings.LOCALE_PATHS = [tmp_path]
    assert ids(checks.check_catalogues(None)) == ["config.W003"]
    source.with_suffix(".mo").touch()
    assert ids(checks.check_catalogues(None)) == []


def test_every_host_is_too_many(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(checks.check_hosts(None)) == ["config.W004"]
