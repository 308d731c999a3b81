"""Reading settings from environment variables, with a sentence for each mistake."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

DATABASE_SCHEMES = {"sqlite", "postgres", "postgresql"}
MAIL_PROVIDERS = frozenset(
    {
        *("brevo", "mailersend", "mailgun", "mailjet", "mailtrap", "mandrill", "postal", "postmark", "resend"),
        *("scaleway", "sendgrid", "sparkpost", "unisender_go"),
    }
)
"""Schemes of ``EMAIL_URL`` besides SMTP: modules of ``anymail.backends``."""

BROKER_SCHEMES = {"embedded", "amqp", "amqps", "redis", "rediss", "memory"}


def read_bool(name: str, default: bool) -> bool:
    raw = os.environ.get(name)
    if raw is None or raw == "":
        return default
    if raw.lower() in {"1", "true", "yes", "on"}:
        return True
    if raw.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is neither true nor false: use 1 or 0.")


def read_int(name: str, default: int, *, low: int, high: int) -> int:
    raw = os.environ.get(name)
    if raw is None or raw == "":
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number.") from None
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name}={raw} is outside {low} to {high}.")
    return value


def read_url(name: str, default: str, schemes: set[str]) -> str:
    """A URL whose scheme is one of ``schemes``; the value is never echoed: it may hold a password."""
    value = os.environ.get(name) or default
    scheme = urlsplit(value).scheme.partition("+")[0]
    if scheme not in schemes:
        raise ImproperlyConfigured(
            f"{name} starts with {scheme or 'nothing'!r}: it must be a URL that starts with one of "
            f"{', '.join(sorted(schemes))}."
        )
    return value


def read_choice(name: str, default: str, choices: Collection[str], example: str) -> str:
    """One of ``choices``, which may be too many to be listed: the sentence shows ``example``."""
    value = os.environ.get(name) or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not known: write for example {example}.")
    return value


def read_config(name: str, default: str, parse: Callable[[str], dict[str, Any]], example: str) -> dict[str, Any]:
    """A URL that django-environ understands; the value is never echoed: it may hold a password."""
    try:
        return parse(os.environ.get(name) or default)
    except (ImproperlyConfigured, ValueError, KeyError, AttributeError):
        raise ImproperlyConfigured(f"{name} is not understood: write for example {example}.") from None


def read_email() -> dict[str, Any]:
    """``EMAIL_URL`` as Django's settings: a mail server, or ``postmark://`` and the like for a provider."""
    scheme = os.environ.get("EMAIL_URL", "").partition("://")[0]
    if scheme in MAIL_PROVIDERS:
        nothing = {"EMAIL_HOST": "", "EMAIL_PORT": 0, "EMAIL_HOST_USER": "", "EMAIL_HOST_PASSWORD": ""}
        return {"EMAIL_BACKEND": f"anymail.backends.{scheme}.EmailBackend", **nothing}
    config = read_config(
        "EMAIL_URL",
        "smtp://localhost:25",
        environ.Env.email_url_config,
        "smtp+tls://user:password@host:587, or postmark://",
    )
    if config["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
        config["EMAIL_BACKEND"] = "notifications.email.smtp.SmtpBackend"
    return config


def read_anymail() -> dict[str, Any]:
    """The provider's settings: ``ANYMAIL_POSTMARK_SERVER_TOKEN`` is ``POSTMARK_SERVER_TOKEN``, and so on."""
    prefix = "ANYMAIL_"
    given = {name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)}
    user, _colon, password = given.get("WEBHOOK_SECRET", "").partition(":")
    if given.get("WEBHOOK_SECRET") and not (user and len(password) >= 12):
        raise ImproperlyConfigured(
            "ANYMAIL_WEBHOOK_SECRET must be user:password, the password of at least 12 characters: "
            "providers call us with it as HTTP basic authentication."
        )
    return given


def read_database(data_dir: Path) -> dict[str, Any]:
    """``DATABASE_URL`` as a Django database entry; SQLite under the data directory by default."""
    url = read_url("DATABASE_URL", f"sqlite:///{data_dir / 'triptyque.sqlite3'}", DATABASE_SCHEMES)
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # Measured: Django's defaults fail a third of concurrent read-modify-writes with "database is locked".
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        # A pool of psycopg's own; CONN_MAX_AGE must stay 0 with it, or connections leak under ASGI.
        config["CONN_MAX_AGE"] = 0
        config["OPTIONS"] = {
            "pool": {
                "min_size": 1,
                "max_size": read_int("DATABASE_POOL_SIZE", 10, low=1, high=500),
                "timeout": 10,
            }
        }
    return config


def read_secret_key(data_dir: Path) -> str:
    """``SECRET_KEY``, or one made once and kept in the data directory (mode 600)."""
    if value := os.environ.get("SECRET_KEY"):
        if len(value) < 32:
            raise ImproperlyConfigured("SECRET_KEY is shorter than 32 characters.")
        return value
    path = data_dir / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def read_secrets_keys(data_dir: Path) -> list[str]:
    """``SECRETS_KEYS``, or one key made once and kept in the data directory (mode 600).

    Fernet keys: 32 bytes in URL-safe base64. The first encrypts, all decrypt. Values are never echoed.
    """
    name = "SECRETS_KEYS"
    raw = os.environ.get(name) or _made_once(data_dir / "secrets_key", _new_fernet_key)
    keys = [key.strip() for key in raw.split(",") if key.strip()]
    if not keys:
        raise ImproperlyConfigured(f"{name} holds no key.")
    for position, key in enumerate(keys, 1):
        if not _is_fernet_key(key):
            raise ImproperlyConfigured(f"{name}: key {position} is not 32 bytes in URL-safe base64.")
    return keys


def _new_fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _is_fernet_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _made_once(path: Path, make: Callable[[], str]) -> str:
    """The content of ``path``, which appears whole or not at all, however many processes start at once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(make())
        try:
            os.link(file.name, path)
        except FileExistsError:
            pass
        except OSError:
            # Some file systems have no hard links. The first one wins here, too, but may be read half-written.
            with suppress(FileExistsError):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as own:
                    own.write(Path(file.name).read_text())
        finally:
            Path(file.name).unlink()
    return path.read_text().strip()
