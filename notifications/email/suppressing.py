"""Addresses of an account that nothing is sent to any more."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from notifications.models import Suppression, SuppressionReason
from notifications.rows import SUPPRESSIONS

log = structlog.get_logger(__name__)


def suppressed(account_id: int, mailboxes: Iterable[str]) -> dict[str, Suppression]:
    """Those among ``mailboxes`` (in small letters) that the account must not write to."""
    return {row.address: row for row in SUPPRESSIONS.among({"account_id": account_id}, "address", list(mailboxes))}


def suppress(account_id: int, mailbox: str, reason: SuppressionReason, detail: str) -> None:
    """From now on. The first reason stays, except that a complaint is worse than a bounce."""
    row, is_new = Suppression.objects.get_or_create(
        account_id=account_id, address=mailbox.lower()[:320], defaults={"reason": reason, "detail": detail}
    )
    if not is_new and reason == SuppressionReason.COMPLAINED and row.reason != reason:
        Suppression.objects.filter(pk=row.pk).update(reason=reason, detail=detail)
    if is_new:
        log.info("address_suppressed", account=account_id, reason=str(reason))
