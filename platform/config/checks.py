"""System checks: what would only be noticed at night, told at start with an id and a hint."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection
from django.http.request import validate_host

AppConfigs = Sequence[AppConfig] | None


@register(Tags.files)
def check_data_directory(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    if os.access(settings.DATA_DIR, os.W_OK):
        return []
    return [
        Error(
            f"The data directory {settings.DATA_DIR} cannot be written to.",
            hint="Set DATA_DIR to a directory of the user that runs the processes.",
            id="config.E001",
        )
    ]


@register(Tags.compatibility)
def check_queue_and_database_fit(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """An embedded queue is a file of one machine; PostgreSQL usually means that there are several."""
    embedded = settings.CELERY_BROKER_URL.startswith("embedded")
    if embedded and connection.vendor == "postgresql":
        return [
            Warning(
                "PostgreSQL is used with the embedded queue, which workers on other machines cannot see.",
                hint="Set BROKER_URL to RabbitMQ or Redis, or silence config.W001 if everything runs on one machine.",
                id="config.W001",
            )
        ]
    return []


@register(Tags.urls)
def check_public_address(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme not in {"http", "https"} or not address.hostname:
        return [
            Error(
                "PUBLIC_URL is not an address.",
                hint="Write for example https://triptyque.example.org",
                id="config.E002",
            )
        ]
    if not validate_host(address.hostname, settings.ALLOWED_HOSTS):
        return [
            Warning(
                "The host of PUBLIC_URL is not in ALLOWED_HOSTS: links in emails would lead to an error page.",
                hint=f"Add {address.hostname} to ALLOWED_HOSTS.",
                id="config.W002",
            )
        ]
    return []


@register(Tags.translation)
def check_catalogues(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Catalogues are compiled at set-up; without them French pages would be in English without a word."""
    stale = [
        source
        for directory in settings.LOCALE_PATHS
        for source in Path(directory).glob("*/LC_MESSAGES/django.po")
        if not source.with_suffix(".mo").exists()
    ]
    if not stale:
        return []
    return [
        Warning(
            f"Not compiled: {', '.join(str(path) for path in stale)}.",
            hint="Run `make messages`, or `pybabel compile -d locale -D django`.",
            id="config.W003",
        )
    ]


@register(Tags.security, deploy=True)
def check_hosts(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [Warning("ALLOWED_HOSTS lets every host name in.", hint="Name your hosts.", id="config.W004")]
