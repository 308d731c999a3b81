"""``manage.py rebuild_index [source …]``: indexes made anew from the rows, of all sources or of those named by id."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_scopes import scopes_disabled

from knowledge.index import store
from knowledge.models import Source


class Command(BaseCommand):
    help = "Builds the search index of all sources, or of those whose ids or names are given, from the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", nargs="*", help="id or name; none: all sources of all accounts")

    def handle(self, *args: Any, **options: Any) -> None:
        with scopes_disabled():
            for source in _sources(options["source"]):
                name = store.rebuild(source.pk)
                self.stdout.write(f"{source.pk} {source.name}: {name or 'a newer one is in place'}")


def _sources(wanted: list[str]) -> list[Source]:
    if not wanted:
        return list(Source.objects.order_by("pk"))
    sources: list[Source] = []
    for text in wanted:
        found = Source.objects.filter(pk=text) if text.isdecimal() else Source.objects.filter(name=text)
        if not found:
            raise CommandError(f"There is no source {text!r}.")
        sources += found
    return sources
