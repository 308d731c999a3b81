"""Re-encrypt every stored secret under the first key of SECRETS_KEYS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models
from django_scopes import scopes_disabled

from outbound.secrets import SealedField, SecretsUnreadable, reseal


class Command(BaseCommand):
    help = (
        "Re-encrypts every stored secret under the first key of SECRETS_KEYS. May be stopped and started again: "
        "what is done is skipped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--batch-size", type=int, default=200, help="rows that are read at once")

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        with scopes_disabled():
            for field in sealed_fields():
                counts = self._rotate(field, max(1, options["batch_size"]), dry_run=options["dry_run"])
                unreadable += counts["unreadable"]
                verb = "to re-encrypt" if options["dry_run"] else "re-encrypted"
                self.stdout.write(
                    f"{field.model._meta.label}.{field.name}: {counts['rotated']} {verb}, "
                    f"{counts['current']} current, {counts['changed']} changed meanwhile, "
                    f"{counts['unreadable']} unreadable"
                )
        if unreadable:
            raise CommandError(
                f"{unreadable} rows are opened by no key of SECRETS_KEYS: add the key that they were encrypted with."
            )

    def _rotate(self, field: SealedField, batch_size: int, *, dry_run: bool) -> Counter[str]:
        counts: Counter[str] = Counter()
        rows = field.model._base_manager.exclude(**{field.name: ""})
        for pk, sealed in _in_batches(rows, field.name, batch_size):
            try:
                resealed = reseal(sealed)
            except SecretsUnreadable:
                counts["unreadable"] += 1
                self.stderr.write(f"{field.model._meta.label} {pk}: opened by no key")
                continue
            if resealed is None:
                counts["current"] += 1
            elif dry_run or rows.filter(pk=pk, **{field.name: sealed}).update(**{field.name: resealed}):
                counts["rotated"] += 1
            else:
                # Whoever saved it in between did so under the first key.
                counts["changed"] += 1
        return counts


def sealed_fields() -> list[SealedField]:
    """Every column of secrets, of every application."""
    fields = [field for model in apps.get_models() for field in model._meta.local_concrete_fields]
    return [field for field in fields if isinstance(field, SealedField)]


def _in_batches(rows: models.QuerySet[Any], name: str, size: int) -> Iterator[tuple[Any, str]]:
    """Primary key and value of every row, in the order of the keys; nothing stays open in between."""
    last = None
    while True:
        following = rows if last is None else rows.filter(pk__gt=last)
        batch = list(following.order_by("pk").values_list("pk", name)[:size])
        yield from batch
        if len(batch) < size:
            return
        last = batch[-1][0]
