"""Nonsense in the environment ends in a sentence, not in a traceback at night."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from environ import Env

from config import environment


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("DEBUG", "maybe", lambda: environment.read_bool("DEBUG", False)),
        ("LIMIT", "ten", lambda: environment.read_int("LIMIT", 1, low=1, high=5)),
        ("LIMIT", "9", lambda: environment.read_int("LIMIT", 1, low=1, high=5)),
        ("BROKER_URL", "http://x", lambda: environment.read_url("BROKER_URL", "", environment.BROKER_SCHEMES)),
        ("DATABASE_URL", "mysql://u:hunter2@h/d", lambda: environment.read_database(Path("/tmp"))),
        ("TIME_ZONE", "Mars/Base", lambda: environment.read_choice("TIME_ZONE", "UTC", {"UTC"}, "UTC")),
        ("EMAIL_URL", "foo://u:hunter2@h", lambda: environment.read_config("EMAIL_URL", "", Env.email_url_config, "…")),
        ("CACHE_URL", "zz://u:hunter2@h", lambda: environment.read_config("CACHE_URL", "", Env.cache_url_config, "…")),
        ("SECRET_KEY", "short", lambda: environment.read_secret_key(Path("/tmp"))),
        ("SECRETS_KEYS", "hunter2", lambda: environment.read_secrets_keys(Path("/tmp"))),
        ("SECRETS_KEYS", f"{'A' * 43}=,hunter2", lambda: environment.read_secrets_keys(Path("/tmp"))),
        ("SECRETS_KEYS", " , ", lambda: environment.read_secrets_keys(Path("/tmp"))),
    ],
)
def test_nonsense_is_refused_by_name(name: str, value: str, read: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as refusal:
        read()  # type: ignore[operator]
    assert "hunter2" not in str(refusal.value)


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "")
    monkeypatch.setenv("LIMIT", "")
    assert environment.read_bool("DEBUG", True) is True
    assert environment.read_int("LIMIT", 3, low=1, high=5) == 3


def test_the_secret_key_is_made_once_and_kept_from_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = environment.read_secret_key(tmp_path)
    assert len(first) >= 50
    assert environment.read_secret_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_the_key_of_stored_secrets_is_made_once_whoever_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRETS_KEYS", raising=False)
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _number: environment.read_secrets_keys(tmp_path), range(32)))
    assert len({key for each in keys for key in each}) == 1
    Fernet(keys[0][0])
    assert [path.name for path in tmp_path.iterdir()] == ["secrets_key"]
    assert stat.S_IMODE((tmp_path / "secrets_key").stat().st_mode) == 0o600
    monkeypatch.setenv("SECRETS_KEYS", f"{'A' * 43}=, {keys[0][0]}")
    assert environment.read_secrets_keys(tmp_path) == [f"{'A' * 43}=", keys[0][0]]


def test_the_key_is_made_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRETS_KEYS", raising=False)

    def refuse(*_paths: object) -> None:
        raise PermissionError

    monkeypatch.setattr("config.environment.os.link", refuse)
    first = environment.read_secrets_keys(tmp_path)
    assert environment.read_secrets_keys(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secrets_key"]


def test_sqlite_is_opened_for_many_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    options = environment.read_database(tmp_path)["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "WAL" in options["init_command"]


def test_postgresql_has_a_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u@127.0.0.1/d")
    assert environment.read_database(tmp_path)["OPTIONS"]["pool"]["max_size"] == 10


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("", "notifications.email.smtp.SmtpBackend"),
        ("smtp+tls://u:p@mail.example:587", "notifications.email.smtp.SmtpBackend"),
        ("postmark://", "anymail.backends.postmark.EmailBackend"),
        ("unisender_go://", "anymail.backends.unisender_go.EmailBackend"),
        ("consolemail://", "django.core.mail.backends.console.EmailBackend"),
    ],
)
def test_what_sends_emails(monkeypatch: pytest.MonkeyPatch, url: str, backend: str) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    assert environment.read_email()["EMAIL_BACKEND"] == backend
    assert import_string(backend)


def test_every_mail_provider_exists() -> None:
    for name in environment.MAIL_PROVIDERS:
        assert import_string(f"anymail.backends.{name}.EmailBackend")


@pytest.mark.parametrize("url", ["nobody://", "test://", "base://", "amazon_ses://"])
def test_a_mail_provider_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL is not understood"):
        environment.read_email()


def test_settings_of_the_mail_provider_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYMAIL_POSTMARK_SERVER_TOKEN", "token")
    monkeypatch.setenv("ANYMAIL_WEBHOOK_SECRET", "reports:long-enough!")
    assert environment.read_anymail() == {"POSTMARK_SERVER_TOKEN": "token", "WEBHOOK_SECRET": "reports:long-enough!"}


@pytest.mark.parametrize("secret", ["hunter2", "reports:", ":long-enough!", "reports:short"])
def test_a_weak_secret_for_reports_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("ANYMAIL_WEBHOOK_SECRET", secret)
    with pytest.raises(ImproperlyConfigured) as caught:
        environment.read_anymail()
    assert secret not in str(caught.value)
