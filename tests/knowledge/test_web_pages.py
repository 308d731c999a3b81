"""Web pages: fetched from a real server, fetched again when due, kept while the server is down."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError
from django.utils import timezone

from knowledge import ingestion, tasks, web_pages
from knowledge.models import Document, DocumentState, Passage, Source
from knowledge.search import search
from knowledge.uploads import put_url
from tests.knowledge import files
from tests.outbound.upstream import Received, Reply, Upstream, serve

HTML = b"""<html><head><title>Conditions</title></head><body><main><h1>Fin</h1>
<p>Le pr\xc3\xa9avis est de deux mois pour toute r\xc3\xa9siliation.</p></main></body></html>"""


@dataclass
class Site:
    """What the website answers, and what it was asked."""

    upstream: Upstream = field(default_factory=Upstream)
    status: int = 200
    body: bytes = HTML
    headers: dict[str, str] = field(default_factory=lambda: {"Content_Type": "text/html; charset=utf-8"})

    async def answer(self, received: Received, reply: Reply) -> None:
        if received.headers.get("if-none-match") == self.headers.get("ETag", "none"):
            await reply.answer(304)
            return
        await reply.answer(self.status, self.body, **self.headers)

    @property
    def asked(self) -> list[dict[str, str]]:
        return [received.headers for received in self.upstream.requests]


@pytest.fixture
def site(settings: LazySettings) -> Iterator[Site]:
    """In a loop of its own: the worker that asks it is not asynchronous."""
    site, ready, loop = Site(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def work() -> None:
        async with serve(lambda received, reply: site.answer(received, reply)) as site.upstream:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),))
    thread.start()
    ready.wait(10)
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{site.upstream.port}"]
    yield site
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def page(site: Site, source: Source) -> Document:
    return add(source, site.upstream.url("/conditions"))


def add(source: Source, url: str) -> Document:
    document = Document(source=source)
    put_url(document, url)
    document.save()
    return document


def visit(document: Document) -> Document:
    tasks.ingest_source(document.source_id, document.source.account_id)
    return Document.objects.select_related("source").get(pk=document.pk)


def later(document: Document, **passed: float) -> None:
    """As if so much time had passed."""
    ago = timezone.now() - dt.timedelta(**passed)
    Document.objects.filter(pk=document.pk).update(checked_at=ago)
    Document.objects.filter(pk=document.pk).exclude(retry_at=None).update(retry_at=ago)


def test_a_page_is_fetched_read_and_found(page: Document) -> None:
    assert (page.kind, page.title.startswith("127.0.0.1")) == ("page", True)
    page = visit(page)

    assert (page.state, page.error, page.title) == (DocumentState.READY, "", "Conditions")
    assert page.fetched_at is not None
    assert search(page.source_id, "Quel est le préavis ?")[0].heading == "Fin"


def test_a_page_that_has_not_changed_is_left_as_it_is(site: Site, page: Document) -> None:
    site.headers |= {"ETag": '"one"', "Last_Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}
    visit(page)
    before = list(Passage.objects.values_list("pk", "text"))
    version = Source.objects.get().content_version
    later(page, days=8)
    assert web_pages.crawl() == 1
    after = visit(page)

    assert site.asked[1]["if-none-match"] == '"one"'
    assert site.asked[1]["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"
    assert (after.state, after.error) == (DocumentState.READY, "")
    assert list(Passage.objects.values_list("pk", "text")) == before
    assert Source.objects.get().content_version == version


def test_a_page_that_has_changed_is_read_again(site: Site, page: Document) -> None:
    visit(page)
    site.body = HTML.replace(b"deux mois", b"trois mois")
    later(page, days=8)
    web_pages.crawl()
    visit(page)

    assert "trois mois" in Passage.objects.get().text


def test_an_unchanged_body_without_an_etag_changes_nothing_either(site: Site, page: Document) -> None:
    visit(page)
    version = Source.objects.get().content_version
    later(page, days=8)
    web_pages.crawl()
    visit(page)

    assert len(site.asked) == 2
    assert Source.objects.get().content_version == version


@pytest.mark.parametrize(("every", "days", "due"), [("day", 0.9, 0), ("day", 1.1, 1), ("week", 6, 0), ("never", 99, 0)])
def test_pages_are_visited_as_often_as_their_source_says(page: Document, every: str, days: float, due: int) -> None:
    visit(page)
    Source.objects.update(crawl_every=every)
    later(page, days=days)

    assert web_pages.crawl() == due
    assert web_pages.crawl() == 0


def test_what_was_read_stays_while_the_page_is_gone(site: Site, page: Document, woken: list[int]) -> None:
    visit(page)
    site.status = 404
    later(page, days=8)
    web_pages.crawl()
    gone = visit(page)

    assert (gone.state, gone.error, gone.failures) == (DocumentState.READY, "refused", 1)
    assert "404" in gone.error_details
    assert search(page.source_id, "Quel est le préavis ?")
    assert gone.retry_at is not None

    site.status = 200
    later(page, minutes=11)
    assert web_pages.crawl() == 1
    back = visit(page)
    assert (back.state, back.error, back.failures, back.retry_at) == (DocumentState.READY, "", 0, None)
    assert page.source_id in woken


def test_a_page_that_never_answered_fails_and_is_tried_again_less_and_less_often(site: Site, page: Document) -> None:
    site.status = 503
    waits = []
    for _attempt in range(web_pages.MOST_FAILURES + 1):
        page = visit(page)
        assert (page.state, page.error) == (DocumentState.FAILED, "unreachable")
        waits.append(page.retry_at and round((page.retry_at - timezone.now()).total_seconds() / 60))
        later(page, minutes=200)
        web_pages.crawl()

    assert waits == [10, 20, 40, 80, 160, None]


def test_private_hosts_are_refused_at_once_and_behind_redirects(site: Site, source: Source) -> None:
    site.status, site.headers = 302, {"Location": "http://192.168.1.1/secret"}
    for url in ("http://192.168.1.1/secret", "http://169.254.169.254/latest", site.upstream.url("/")):
        page = visit(add(source, url))
        assert (page.state, page.error) == (DocumentState.FAILED, "unreachable")
        assert page.text == ""
        assert page.retry_at is None


def test_redirects_are_followed(site: Site, page: Document) -> None:
    async def elsewhere(received: Received, reply: Reply) -> None:
        if received.path == "/conditions":
            await reply.answer(301, b"", Location="/new")
        else:
            await reply.answer(200, HTML, Content_Type="text/html")

    site.answer = elsewhere  # type: ignore[method-assign]
    assert visit(page).state == DocumentState.READY


def test_a_page_may_be_a_pdf(site: Site, page: Document) -> None:
    site.body, site.headers = (
        files.pdf([(12, "Le préavis.")], [(12, "Deux mois.")]),
        {"Content_Type": "application/pdf"},
    )
    page = visit(page)

    assert (page.state, page.pages, page.media_type) == (DocumentState.READY, 2, "application/pdf")
    assert list(Passage.objects.values_list("page", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"\x89PNG", "image/png", "not_a_page"),
        (b"<html><body><script>app()</script></body></html>", "text/html", "no_text"),
        (b"x" * 1_100_000, "text/html", "too_large"),
    ],
)
def test_what_is_no_page_says_so(
    site: Site, page: Document, settings: LazySettings, body: bytes, kind: str, error: str
) -> None:
    settings.DOCUMENT_MAX_BYTES = 1024**2
    site.body, site.headers = body, {"Content_Type": kind}

    assert visit(page).error == error


def test_a_server_that_hangs_costs_a_bounded_time(site: Site, page: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(received: Received, reply: Reply) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(web_pages, "DEADLINE_S", 0.3)
    site.answer = hang  # type: ignore[method-assign]
    page = visit(page)
    assert (page.state, page.error) == (DocumentState.FAILED, "unreachable")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (" https://Example.org/a#part ", "https://example.org/a"),
        ("https://exämple.org/é", "https://xn--exmple-cua.org/%C3%A9"),
    ],
)
def test_an_address_has_one_spelling(given: str, url: str) -> None:
    assert web_pages.normal_url(given) == url


@pytest.mark.parametrize(
    "given",
    ["example.org", "ftp://example.org", "file:///etc/passwd", "https://", "https://a:b@example.org/", "x" * 3000],
)
def test_other_addresses_are_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        web_pages.normal_url(given)


def test_visiting_again_on_demand_does_not_ask_whether_it_has_changed(site: Site, page: Document) -> None:
    site.headers["ETag"] = '"one"'
    visit(page)
    ingestion.retry(Document.objects.select_related("source"), anew=True)
    visit(page)

    assert "if-none-match" not in site.asked[1]
