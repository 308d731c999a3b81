"""``manage.py load_demo``: the sample account of ``make run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from demo import env_file, sample_data

OURS = ("TRIPTYQUE_API_KEY", "TRIPTYQUE_ADMIN_EMAIL", "TRIPTYQUE_EDITOR_EMAIL", "TRIPTYQUE_PASSWORD")


class Command(BaseCommand):
    # The servers that start next check the settings themselves.
    requires_system_checks = []
    help = "Make the sample account if there is no account yet; keep its API key in a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--crm-url", required=True, help="address of the sample CRM, e.g. http://127.0.0.1:20100")
        parser.add_argument("--env-file", required=True, type=Path, dest="path", help="NAME=value lines, rewritten")

        parser.add_argument("--migrate", action="store_true", help="bring the database up to date first")

    def handle(self, *args: Any, crm_url: str, path: Path, migrate: bool, **options: Any) -> None:
        if migrate:
            call_command("migrate", interactive=False, verbosity=options["verbosity"])
        known = env_file.read(path)
        others = {name: value for name, value in known.items() if name not in OURS}
        # The file first, then the commit: a password that nobody knows must not be stored.
        with transaction.atomic():
            env_file.write(path, {**sample_data.load(crm_url, known), **others})
