"""Single rows, whoever saves them, are searchable at once."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from transfers.directory.upkeep import index_row
from transfers.models import TransferDestination


@receiver(post_save, sender=TransferDestination)
def index_saved_row(sender: type[TransferDestination], instance: TransferDestination, **kwargs: Any) -> None:
    index_row(instance)
