"""What an email looks like: HTML and text, the reader's language, and values that stay values."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from actions.contract import CallContext, FreezeError
from actions.registry import kinds
from notifications.email.defaults import default_body, default_html
from notifications.email.markup import html_as_text, markup_errors, text_as_html, with_good_links
from notifications.kinds.email import EmailAction, EmailParams
from tests.notifications.conftest import MailServer, html_of, text_of

KIND = kinds.get("email")
MakeContext = Callable[..., CallContext]
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7919*7907 }} <!--conversation--> &lt;b&gt;"


def run(context: CallContext, **fields: Any) -> None:
    params = EmailParams(**{"subject": "Call", "to": ("team@lac.example",), **fields})
    async_to_sync(KIND.run)(params, context, {})


def default(language: str) -> dict[str, Any]:
    return {"body": default_body(language), "html": default_html(language), "framed": True, "language": language}


class Tags(HTMLParser):
    """Elements and attributes of a document, as a mail reader sees them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


# --- the default body -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ["Appel entrant", "De", "Durée", "20 nov 2026, 14:05", "Informations recueillies", "Appelant"]),
        ("en", ["Inbound call", "From", "Duration", "2026", "Information collected", "Caller"]),
    ],
)
def test_the_default_body_is_in_the_language_of_the_recipient(
    context_with: MakeContext, mail_server: MailServer, language: str, words: list[str]
) -> None:
    context = context_with({"Nom": "Zoé"}, SUMMARY="Veut résilier.")
    run(context, **default(language))
    message = mail_server.messages[0]
    for body in (text_of(message), html_of(message)):
        for word in (*words, "Zoé", "Veut résilier.", "1 min 01 s", f"/admin/calls/call/{context.call_id}/change/"):
            assert word in body
        assert not re.search(r"\[[a-z]+\]", body)
    assert f'<html lang="{language}">' in html_of(message)
    assert context.warnings == []


def test_the_default_body_needs_nothing_from_outside(context: CallContext, mail_server: MailServer) -> None:
    run(context, **default("fr"))
    seen = Tags(html_of(mail_server.messages[0]))
    assert not {"img", "link", "script", "style", "iframe"} & set(seen.tags)
    assert [value for name, value in seen.attributes if name == "href"] == [
        f"http://127.0.0.1:8000/admin/calls/call/{context.call_id}/change/"
    ]
    assert "url(" not in html_of(mail_server.messages[0])


def test_nothing_that_a_caller_says_becomes_markup(context_with: MakeContext, mail_server: MailServer) -> None:
    quiet = context_with({"name": "x"}, CLASSIFICATIONS={"Reason": "x"}, TRANSCRIPT="caller: x")
    loud = context_with({EVIL: EVIL}, SUMMARY=EVIL, TRANSCRIPT=f"caller: {EVIL}", ANI=EVIL, CLASSIFICATIONS={"R": EVIL})
    for context in (quiet, loud):
        run(context, **default("en"))
    first, second = (Tags(html_of(message)) for message in mail_server.messages)
    assert second.tags == first.tags
    assert str(7919 * 7907) not in html_of(mail_server.messages[1])
    assert EVIL in text_of(mail_server.messages[1])


# --- an editor's own body --------------------------------------------------------------------------


def test_a_text_of_the_editor_is_laid_out_and_its_addresses_become_links(
    context_with: MakeContext, mail_server: MailServer
) -> None:
    run(context_with(SUMMARY=EVIL), body="Bonjour,\n\nhttps://lac.example/a?b=1&c=2.\n{{ interaction.SUMMARY }}")
    message = mail_server.messages[0]
    seen = Tags(html_of(message))
    assert text_of(message).startswith("Bonjour,\n\nhttps://lac.example/a?b=1&c=2.\n<script>")
    assert ("href", "https://lac.example/a?b=1&c=2") in seen.attributes
    assert not {"script", "img", "b"} & set(seen.tags)


def test_html_of_the_editor_escapes_values_and_gives_a_text(context_with: MakeContext, mail_server: MailServer) -> None:
    source = (
        "<h1>Bonjour {{ name }}</h1><p>Rappeler&nbsp;:</p><ul><li>un</li><li>deux</li></ul>"
        '<p title="{{ name }}"><a href="{{ reader.link }}">Fiche</a></p>'
    )
    context = context_with({"name": EVIL})
    run(context, html=source)
    message = mail_server.messages[0]
    seen = Tags(html_of(message))
    assert seen.tags == ["h1", "p", "ul", "li", "li", "p", "a"]
    assert ("title", EVIL) in seen.attributes
    text = text_of(message)
    assert "Bonjour <script>" in text
    assert "- un\n- deux" in text
    assert f"Fiche (http://127.0.0.1:8000/admin/calls/call/{context.call_id}/change/)" in text


def test_the_transcript_can_be_laid_out_in_html(context_with: MakeContext, mail_server: MailServer) -> None:
    run(context_with(TRANSCRIPT="caller: a <b>\nagent: c\nd"), html="<div><!--conversation--></div>", language="fr")
    html = html_of(mail_server.messages[0])
    assert "Appelant" in html
    assert "a &lt;b&gt;" in html
    assert Tags(html).tags.count("p") == 3


@pytest.mark.parametrize(
    "value", ["javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "JAVASCRIPT:x"]
)
def test_a_link_made_of_a_value_cannot_run_anything(
    context_with: MakeContext, mail_server: MailServer, value: str
) -> None:
    run(context_with({"url": value}), html="<a href='{{ url }}'>x</a> <a href=\"https://lac.example\">y</a>")
    links = [given for name, given in Tags(html_of(mail_server.messages[0])).attributes if name == "href"]
    assert links == ["#", "https://lac.example"]


@pytest.mark.parametrize(
    "source",
    [
        "<a href={{ url }}>x</a>",
        "<p {{ attributes }}>x</p>",
        "<{{ tag }}>x</p>",
        '<p style="{{ style }}">x</p>',
        "<p onclick='{{ x }}'>x</p>",
        "<style>p { color: {{ colour }} }</style>",
        "<script>alert(1)</script>",
        "<iframe src='https://lac.example'></iframe>",
        "<p>{{ reader.nothing }}</p>",
        "<p>{{ interaction.SUMMRY }}</p>",
    ],
)
def test_html_in_which_a_value_could_be_more_than_a_value_is_not_published(
    email_action: EmailAction, source: str
) -> None:
    email_action.body_format, email_action.body = "html", source
    with pytest.raises(FreezeError) as caught:
        KIND.freeze(email_action)
    assert set(caught.value.errors) == {"body"}


def test_good_html_is_published(email_action: EmailAction) -> None:
    source = (
        "<!doctype html><p style='color:red' title=\"{{ a }}\">{% if b %}{{ b }}{% endif %}</p><a href='{{ c }}'>x</a>"
    )
    email_action.body_format, email_action.body = "html", source
    assert KIND.freeze(email_action).html == source
    assert markup_errors(default_html("fr")) == markup_errors(default_html("en")) == []


def test_html_to_text_and_back() -> None:
    head = "<head><title>no</title><style>p{}</style></head>"
    table = "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>"
    assert html_as_text(f"{head}<p>a&amp;b<br>c</p>\n{table}<div>d</div><div>e</div>") == "a&b\nc\n\n1 2\n3\n\nd\ne"
    assert html_as_text('<a href="https://x.example">https://x.example</a>') == "https://x.example"
    assert text_as_html("a\r\nb <c>") == "a<br>\nb &lt;c&gt;"
    assert with_good_links('<img src="data:image/png;base64,x"><a href="mailto:a@b.fr">') == (
        '<img src="data:image/png;base64,x"><a href="mailto:a@b.fr">'
    )


# --- recording, reply-to ---------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{"body": "Hello"}, {"html": "<html><body>Hello</body></html>"}, default("en")])
def test_the_recording_is_linked(context_with: MakeContext, mail_server: MailServer, body: dict[str, Any]) -> None:
    url = "https://rec.example/a?b=1&c=2"
    run(context_with(RECORDING_URL=url), recording_link="{{ interaction.RECORDING_URL }}", **body)
    message = mail_server.messages[0]
    assert ("href", url) in Tags(html_of(message)).attributes
    assert url in text_of(message)
    assert html_of(message).count("rec.example") <= 2


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a b", "ftp://x.example", "http://[", "x" * 3000])
def test_a_recording_that_is_no_web_address_is_left_out_with_a_warning(
    context_with: MakeContext, mail_server: MailServer, url: str
) -> None:
    context = context_with({"rec": url})
    if len(url) > 2000:
        with pytest.raises(Exception, match="2000"):
            run(context, body="Hello", recording_link="{{ rec }}")
        return
    run(context, body="Hello", recording_link="{{ rec }}")
    assert text_of(mail_server.messages[0]).strip() == "Hello"
    assert len(context.warnings) == 1


def test_answers_go_where_the_editor_wants(context_with: MakeContext, mail_server: MailServer) -> None:
    run(context_with({"who": "zoe@lac.example"}), body="x", reply_to=("{{ who }}", "Bob <b@lac.example>"))
    assert mail_server.messages[0]["Reply-To"] == "zoe@lac.example, Bob <b@lac.example>"


@pytest.mark.parametrize("evil", ["a@x.fr\r\nBcc: e@x.fr", "a@x.fr\nb", "nobody"])
def test_answers_cannot_bring_a_header(context_with: MakeContext, mail_server: MailServer, evil: str) -> None:
    with pytest.raises(Exception, match="not an email address"):
        run(context_with({"who": evil}), body="x", reply_to=("{{ who }}",))
    assert mail_server.messages == []
