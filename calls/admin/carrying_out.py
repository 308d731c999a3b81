"""What people do about runs that were given up, with an entry in the log of what people do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from calls.models import Run

LOGGED_AT_ONCE = 1000


def carried_out(person: Any, work: Callable[..., list[UUID]], runs: QuerySet[Any], note: str) -> int:
    """How many; each with an entry of ``person``, a user, in the log of what people do."""
    runs = Run.objects.filter(pk__in=runs.order_by().values("pk"))
    done = work(runs, by=str(person))
    _log(person.pk, done, note)
    return len(done)


def _log(person_id: int, ids: list[UUID], note: str) -> None:
    kind = ContentType.objects.get_for_model(Run)
    for start in range(0, len(ids), LOGGED_AT_ONCE):
        names = Run.objects.filter(pk__in=ids[start : start + LOGGED_AT_ONCE]).values_list("pk", "action_name")
        LogEntry.objects.bulk_create(
            LogEntry(
                user_id=person_id,
                content_type=kind,
                object_id=str(pk),
                object_repr=name,
                action_flag=CHANGE,
                change_message=note,
            )
            for pk, name in names
        )


def say_retried(request: HttpRequest, count: int) -> None:
    text = ngettext("%(count)d run is tried again.", "%(count)d runs are tried again.", count)
    messages.success(request, text % {"count": count}) if count else messages.warning(
        request, _("Only runs that were given up can be tried again.")
    )


def say_skipped(request: HttpRequest, count: int) -> None:
    text = ngettext("%(count)d run is skipped for good.", "%(count)d runs are skipped for good.", count)
    messages.success(request, text % {"count": count}) if count else messages.warning(
        request, _("Only runs that were given up can be skipped.")
    )
