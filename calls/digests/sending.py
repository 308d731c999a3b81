"""Writing down whose summary is due, and sending each exactly once per period.

However many schedulers run: the row is unique, one worker claims it, and its Message-ID stays, should that worker die
between the mail server's acceptance and its own note of it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import smtplib
from email.utils import parseaddr

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_scopes import scope, scopes_disabled

from accounts.models import DigestFrequency, Membership
from calls.digests.figures import Figures, figures_of
from calls.digests.periods import Period, due_period
from calls.digests.rows import DigestEmail, DigestState

log = structlog.get_logger(__name__)

CLAIM = dt.timedelta(minutes=5)
MOST_ATTEMPTS = 10


def send_due() -> dict[str, int]:
    """Returns how many summaries were written down, and how many left. Crosses accounts, one at a time."""
    now = timezone.now()
    with scopes_disabled():
        wanted = Membership.objects.exclude(digest=DigestFrequency.NONE)
        accounts = list(wanted.filter(account__is_active=True).order_by().values_list("account", flat=True).distinct())
    written = sent = 0
    for account_id in accounts:
        with scope(account=account_id):
            written += _write_down(account_id, now)
            sent += sum(map(_send, _claimed(now)))
    return {"written": written, "sent": sent}


def _write_down(account_id: int, now: dt.datetime) -> int:
    members = Membership.objects.filter(user__is_active=True).exclude(digest=DigestFrequency.NONE)
    rows = []
    for member in members.select_related("account"):
        if period := due_period(member.digest, member.account.time_zone, now):
            key = {"user_id": member.user_id, "frequency": member.digest, "begins_on": period.begins_on}
            if not DigestEmail.objects.filter(**key).exists():
                rows.append(DigestEmail(account_id=account_id, **key))
    # Somebody else may write the same at this instant: then that one is it.
    DigestEmail.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _claimed(now: dt.datetime) -> list[DigestEmail]:
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    found = []
    queued = DigestEmail.objects.filter(free, state=DigestState.QUEUED).select_related("account", "user")
    for digest in queued.order_by("pk"):
        mine = DigestEmail.objects.filter(free, pk=digest.pk, state=DigestState.QUEUED)
        if mine.update(claimed_until=now + CLAIM, attempts=F("attempts") + 1):
            found.append(digest)
    return found


def _send(digest: DigestEmail) -> bool:
    """Whether it left. What fails is tried again once its claim is over, and not for ever."""
    row = DigestEmail.objects.filter(pk=digest.pk)
    period = _period_of(digest)
    figures = figures_of(period)
    if not figures.calls and not figures.dead:
        row.update(state=DigestState.EMPTY, claimed_until=None)
        return False
    try:
        message_of(digest, period, figures).send()
    except (smtplib.SMTPException, OSError) as error:
        log.warning("digest_not_sent", digest=digest.pk, error=type(error).__name__, attempt=digest.attempts + 1)
        if digest.attempts + 1 >= MOST_ATTEMPTS:
            row.update(state=DigestState.FAILED, claimed_until=None)
        return False
    row.update(state=DigestState.SENT, sent_at=timezone.now(), claimed_until=None)
    return True


def _period_of(digest: DigestEmail) -> Period:
    days = 7 if digest.frequency == DigestFrequency.WEEKLY else 1
    return Period(digest.begins_on, days, digest.account.time_zone)


def message_of(digest: DigestEmail, period: Period, figures: Figures) -> EmailMultiAlternatives:
    """In the language of the reader, as HTML and text."""
    with override(digest.user.language):
        subject = _("%(account)s: calls of %(period)s") % {"account": digest.account.name, "period": _in_words(period)}
        facts = {
            "account": digest.account.name,
            "language": digest.user.language,
            "period": _in_words(period),
            "figures": figures,
            "calls_url": settings.PUBLIC_URL + _list_of_calls(period),
            "dead_url": settings.PUBLIC_URL + reverse("admin:calls_deadrun_changelist"),
        }
        text = render_to_string("triptyque/digest/email.txt", facts)
        html = render_to_string("triptyque/digest/email.html", facts)
    headers = {"Message-ID": _message_id(digest), "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[digest.user.email], headers=headers)
    message.attach_alternative(html, "text/html")
    return message


def _in_words(period: Period) -> str:
    first = date_format(period.begins_on, "SHORT_DATE_FORMAT")
    if period.days == 1:
        return first
    last = date_format(period.last_day, "SHORT_DATE_FORMAT")
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def _list_of_calls(period: Period) -> str:
    days = {"from": period.begins_on, "to": period.last_day}
    query = "&".join(f"begun_at_{end}={date_format(day, 'SHORT_DATE_FORMAT')}" for end, day in days.items())
    return f"{reverse('admin:calls_call_changelist')}?{query}"


def _message_id(digest: DigestEmail) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<digest-{hashlib.sha256(f'digest {digest.pk}'.encode()).hexdigest()[:32]}@{domain}>"
