"""What follows when rows change, whoever changes them: the admin, the API, a cascade."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django_scopes import scopes_disabled

from knowledge.index import store
from knowledge.models import Document, DocumentState, Source
from knowledge.wake import wake_worker


@receiver(post_save, sender=Document)
def wake_for_document(sender: type[Document], instance: Document, **kwargs: Any) -> None:
    if instance.state == DocumentState.WAITING:
        source = instance.source
        transaction.on_commit(lambda: wake_worker(source.pk, source.account_id))


@receiver(post_save, sender=Document)
def remove_replaced_file(sender: type[Document], instance: Document, **kwargs: Any) -> None:
    remove_file(instance.replaced_file)
    instance.replaced_file = ""


@receiver(post_delete, sender=Document)
def forget_document(sender: type[Document], instance: Document, **kwargs: Any) -> None:
    """Its passages are gone with it; the index has to follow. Nothing to do where the source goes, too."""
    remove_file(instance.file.name)
    with scopes_disabled():
        source = Source.objects.filter(pk=instance.source_id).values_list("pk", "account_id").first()
        if source is None:
            return
        Source.objects.filter(pk=source[0]).update(content_version=F("content_version") + 1)
    transaction.on_commit(lambda: wake_worker(*source))


def remove_file(name: str | None) -> None:
    """From the storage, once the row is gone."""
    if name:
        transaction.on_commit(lambda: default_storage.delete(name))


@receiver(post_delete, sender=Source)
def remove_indexes(sender: type[Source], instance: Source, **kwargs: Any) -> None:
    source_id = instance.pk
    transaction.on_commit(lambda: store.remove_all(source_id))
