"""Web pages: fetched through the guarded client, and fetched again when they are due.

robots.txt is not asked: somebody names each page for their own agents, and it is fetched once a day at most.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from email.message import Message

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from knowledge.extraction.contract import Unreadable
from knowledge.models import LONGEST_URL, CrawlEvery, Document, DocumentError, DocumentKind, DocumentState
from knowledge.wake import wake_worker
from outbound.http import IncomingResponse, OutboundError, OutgoingRequest, send, session_scope
from outbound.targets import parse_target

DEADLINE_S = 30.0
MOST_REDIRECTS = 5
MOST_FAILURES = 5
FIRST_WAIT = dt.timedelta(minutes=10)
"""Before a page that failed is tried again; doubled each time, ``MOST_FAILURES`` times."""

PERIODS = {CrawlEvery.DAY: dt.timedelta(days=1), CrawlEvery.WEEK: dt.timedelta(days=7)}
MOST_AT_ONCE = 1000
SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/markdown": ".md",
}
_ACCEPTED = "text/html, application/xhtml+xml, application/pdf;q=0.9, text/plain;q=0.8, text/markdown;q=0.8"
_CHARSET = re.compile(r"[A-Za-z0-9_:.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Page:
    """``suffix`` is that of a file of its type; ``charset`` what the server said, or ''."""

    content: bytes
    suffix: str
    charset: str
    etag: str
    last_modified: str


class TemporarilyUnreadable(Unreadable):
    """Another attempt may succeed."""


def normal_url(text: str) -> str:
    """One spelling of the address of a web page; raises ValidationError in words."""
    text = text.strip()
    if not re.match(r"https?://", text, re.IGNORECASE):
        raise ValidationError(_("Write the whole address, from https:// on."))
    try:
        target = parse_target(text)
    except OutboundError as error:
        raise ValidationError(error.message) from error
    if target.url.user or target.url.password:
        raise ValidationError(_("An address must not hold a user name or a password."))
    url = str(target.url)
    if len(url) > LONGEST_URL:
        raise ValidationError(_("The address is longer than %(limit)d characters.") % {"limit": LONGEST_URL})
    return url


def fetch(document: Document) -> Page | None:
    """The page as it is now, None if it has not changed since it was read. Raises :class:`Unreadable`."""
    headers = {"Accept": _ACCEPTED}
    if document.content_hash:
        if document.etag:
            headers["If-None-Match"] = document.etag
        if document.last_modified:
            headers["If-Modified-Since"] = document.last_modified
    try:
        answer = async_to_sync(_get)(OutgoingRequest("GET", document.url, headers), document.source.account_id)
    except OutboundError as error:
        failure = Unreadable if error.permanent else TemporarilyUnreadable
        code = DocumentError.TOO_LARGE if error.code == "too_large" else DocumentError.UNREACHABLE
        raise failure(code, error.message) from error
    if answer.status == 304 and len(headers) > 1:
        return None
    return _page(answer)


async def _get(request: OutgoingRequest, account_id: int) -> IncomingResponse:
    async with session_scope():
        return await send(
            request,
            account_id=account_id,
            deadline_s=DEADLINE_S,
            max_bytes=settings.DOCUMENT_MAX_BYTES,
            max_redirects=MOST_REDIRECTS,
        )


def _page(answer: IncomingResponse) -> Page:
    if answer.status != 200:
        code = DocumentError.UNREACHABLE if answer.status >= 500 or answer.status == 429 else DocumentError.REFUSED
        raise TemporarilyUnreadable(code, _("The website answered with status %(status)d.") % {"status": answer.status})
    said = Message()
    said["Content-Type"] = answer.headers.get("content-type", "text/html")
    kind = said.get_content_type()
    if kind not in SUFFIXES:
        raise TemporarilyUnreadable(DocumentError.NOT_A_PAGE, kind[:100])
    charset = said.get_content_charset() or ""
    return Page(
        answer.body,
        SUFFIXES[kind],
        charset if _CHARSET.fullmatch(charset) else "",
        _kept(answer.headers.get("etag", ""), 300),
        _kept(answer.headers.get("last-modified", ""), 100),
    )


def _kept(header: str, longest: int) -> str:
    """A header to be sent back, if it is one that can be."""
    return header if len(header) <= longest and header.isprintable() else ""


def retry_at(failures: int) -> dt.datetime | None:
    """When a page that failed so many times is tried again before its time; None: not before."""
    if failures > MOST_FAILURES:
        return None
    wait: dt.timedelta = FIRST_WAIT * 2 ** (failures - 1)
    return timezone.now() + wait


def next_visit(document: Document) -> dt.datetime | None:
    """When the page is fetched again; None: only when somebody asks for it."""
    period = PERIODS.get(CrawlEvery(document.source.crawl_every))
    if document.retry_at is not None or document.checked_at is None or period is None:
        return document.retry_at
    return document.checked_at + period


def crawl() -> int:
    """Have the pages fetched whose time has come; how many.

    Crosses accounts on purpose: it moves rows and reads nothing of them.
    """
    now = timezone.now()
    due = Q(retry_at__lte=now)
    for every, period in PERIODS.items():
        due |= Q(retry_at=None, source__crawl_every=every, checked_at__lte=now - period)
    with scopes_disabled():
        idle = Document.objects.filter(kind=DocumentKind.PAGE, state__in=[DocumentState.READY, DocumentState.FAILED])
        rows = list(idle.filter(due).values_list("pk", "source_id", "source__account_id")[:MOST_AT_ONCE])
        idle.filter(pk__in=[row[0] for row in rows]).update(
            state=DocumentState.WAITING, unread=True, retry_at=None, attempts=0, done=0, total=0
        )
        for source_id, account_id in sorted({row[1:] for row in rows}):
            wake_worker(source_id, account_id)
    return len(rows)
