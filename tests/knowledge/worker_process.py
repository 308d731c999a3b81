"""Steps of a worker's life in a process of their own: ``prepare``, ``die``, ``recover``, ``replace``."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
from typing import Any

TEXT = "Le préavis est de deux mois."


def prepare() -> None:
    from django.core.management import call_command

    from accounts.models import Account
    from knowledge.models import Source

    call_command("migrate", verbosity=0)
    account = Account.objects.create(name="Mutuelle", slug="mutuelle")
    source = Source.objects.create(account=account, name="Mutuelle")
    source.documents.create(title="Contrat", text=TEXT)


def die(source: Any) -> None:
    """Killed by the system between the passages and the index."""
    from knowledge import ingestion
    from knowledge.index import store

    store.write_index = lambda *_given: os.kill(os.getpid(), signal.SIGKILL)
    ingestion.ingest_source(source.pk)


def recover(source: Any) -> None:
    """Prints the state that is found, the state after, and what a search finds."""
    from django.utils import timezone

    from knowledge import ingestion
    from knowledge.models import Document
    from knowledge.search import search

    print(source.documents.get().state)
    Document.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert ingestion.sweep()["released"] == 1
    ingestion.ingest_source(source.pk)
    print(source.documents.get().state, search(source.pk, "préavis")[0].document)


def replace(source: Any) -> None:
    """Prints how often another thread has searched while indexes were replaced, and what it missed."""
    from django.db import connection
    from django_scopes import scopes_disabled

    from knowledge import ingestion
    from knowledge.search import search

    ingestion.ingest_source(source.pk)
    failures: list[object] = []
    searches = 0
    stop = threading.Event()

    def keep_searching() -> None:
        nonlocal searches
        with scopes_disabled():
            while not stop.is_set():
                try:
                    found = [hit.text for hit in search(source.pk, "préavis")]
                except Exception as error:
                    failures.append(error)
                else:
                    failures.extend([found] if found != [TEXT] else [])
                searches += 1
        connection.close()

    thread = threading.Thread(target=keep_searching)
    thread.start()
    other = source.documents.create(title="Horaires", text="Ouvert.")
    for number in range(30):
        other.text = f"Ouvert le lundi, jour {number}."
        other.save()
        ingestion.ingest_source(source.pk)
    stop.set()
    thread.join(20)
    print(searches, failures)


def main(step: str) -> None:
    import django

    django.setup()

    from django_scopes import scopes_disabled

    from knowledge.models import Source

    with scopes_disabled():
        if step == "prepare":
            prepare()
        else:
            {"die": die, "recover": recover, "replace": replace}[step](Source.objects.get())


if __name__ == "__main__":
    main(sys.argv[1])
