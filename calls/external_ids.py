"""What other systems call what they made of a call: the number of its ticket, the id of its case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account

LONGEST_NAME, LONGEST_VALUE = 63, 200


class ExternalId(models.Model):
    """``value`` is what the system ``name`` knows the call by. A name has one value; the latest stays."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    call = models.ForeignKey(
        "calls.Call", models.CASCADE, verbose_name=_("call"), related_name="external_ids", db_index=False
    )
    name = models.CharField(_("system"), max_length=LONGEST_NAME)
    value = models.CharField(_("external id"), max_length=LONGEST_VALUE)

    objects: ClassVar[models.Manager[ExternalId]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("external id")
        verbose_name_plural = _("external ids")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["call", "name"], name="calls_external_id_once")]
        indexes = [models.Index(fields=["account", "value"], name="calls_by_external_id")]

    def __str__(self) -> str:
        return f"{self.name} : {self.value}"


def keep(call_id: UUID, account_id: int, given: Mapping[str, str]) -> None:
    """In the caller's transaction; a repeat changes nothing."""
    if not given:
        return
    rows = [ExternalId(call_id=call_id, account_id=account_id, name=name, value=value) for name, value in given.items()]
    ExternalId.objects.bulk_create(rows, update_conflicts=True, unique_fields=["call", "name"], update_fields=["value"])
