"""Steps of a worker's life in a process of their own: ``prepare``, ``die`` and ``recover``."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys


def main(step: str) -> None:
    import django

    django.setup()

    from django.core.management import call_command
    from django.utils import timezone
    from django_scopes import scopes_disabled

    from accounts.models import Account
    from knowledge import ingestion
    from knowledge.index import store
    from knowledge.models import Document, Source
    from knowledge.search import search

    with scopes_disabled():
        if step == "prepare":
            call_command("migrate", verbosity=0)
            account = Account.objects.create(name="Mutuelle", slug="mutuelle")
            source = Source.objects.create(account=account, name="Mutuelle")
            source.documents.create(title="Contrat", text="Le préavis est de deux mois.")
            return
        source = Source.objects.get()
        if step == "die":
            store.write_index = lambda *_given: os.kill(os.getpid(), signal.SIGKILL)
            ingestion.ingest_source(source.pk)
        print(source.documents.get().state)
        Document.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
        assert ingestion.sweep()["released"] == 1
        ingestion.ingest_source(source.pk)
        print(source.documents.get().state, search(source.pk, "préavis")[0].document)


if __name__ == "__main__":
    main(sys.argv[1])
