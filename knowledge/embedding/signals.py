"""What follows for vectors when an index or the connection changes, whoever changes it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django_scopes import scopes_disabled

from knowledge.embedding import questions, wake
from knowledge.embedding.models import EmbeddingConnection, SourceVectors, VectorState
from knowledge.index.store import index_replaced
from knowledge.models import Source

MOST_WOKEN = 1000


@receiver(index_replaced)
def follow_index(sender: type[Source], source_id: int, **kwargs: Any) -> None:
    """Vectors come after words, so that nobody waits for them."""
    with scopes_disabled():
        connected = EmbeddingConnection.objects.filter(account__sources=source_id, enabled=True)
        account_id = connected.values_list("account_id", flat=True).first()
    if account_id is not None:
        transaction.on_commit(lambda: wake.wake_for_vectors(source_id, account_id))


@receiver(post_save, sender=EmbeddingConnection)
def follow_connection(sender: type[EmbeddingConnection], instance: EmbeddingConnection, **kwargs: Any) -> None:
    """What failed is tried again: the change may be the remedy. The sweep finds what is beyond the first thousand."""
    account_id = instance.account_id
    with scopes_disabled():
        failed = SourceVectors.objects.filter(source__account=account_id, state=VectorState.FAILED)
        failed.update(state=VectorState.WAITING, error="", attempts=0, retry_at=None)
        sources = list(Source.objects.filter(account=account_id).values_list("pk", flat=True)[:MOST_WOKEN])

    def wake_all() -> None:
        questions.forget_servers()
        for source_id in sources:
            wake.wake_for_vectors(source_id, account_id)

    transaction.on_commit(wake_all)


@receiver(post_delete, sender=EmbeddingConnection)
def forget_connection(sender: type[EmbeddingConnection], **kwargs: Any) -> None:
    transaction.on_commit(questions.forget_servers)
