"""HTML of emails: what an editor's may hold, and from text to HTML and back."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from django.utils.translation import gettext as _

NEVER = frozenset({"script", "iframe", "object", "embed", "applet", "base"})
"""No mail reader runs or shows these, and spam filters count them."""

GOOD_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "cid"})

_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARK = "tqvalue"
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_URL_ATTRIBUTE = re.compile(r"""(\b(?:href|src|action|formaction|background|poster)\s*=\s*)("[^"]*"|'[^']*')""", re.I)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)
_LINK = re.compile(r"https?://[^\s<>\"'{}|\\^`]*[^\s<>\"'{}|\\^`.,;:!?)\]»]")
_BLANKS = re.compile(r"\s+")
_LINE = re.compile(r"\r\n|\r|\n")

_PARAGRAPHS = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "table", "ul"})
_BLOCKS = _PARAGRAPHS | {"article", "center", "dd", "div", "dl", "dt", "footer", "form", "header", "hr", "li", "main"}
_BLOCKS |= {"nav", "pre", "section", "tr"}
_BLOCK, _PARAGRAPH = "\x01", "\x02"
"""Where a line or a paragraph ends, until all is read: next to each other they count once."""

_BREAKS = re.compile("[ \x01\x02]*[\x01\x02][ \x01\x02]*")
_UNSEEN = frozenset({"head", "script", "style", "title", "template"})


def markup_errors(source: str) -> list[str]:
    """What is wrong with an editor's HTML: a value must stay a value, wherever it stands."""
    reader = _Placement()
    reader.feed(_TEMPLATE.sub(_MARK, _STATEMENT.sub("", source)))
    reader.close()
    return list(dict.fromkeys(reader.errors))


class _Placement(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.errors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NEVER:
            self.errors.append(_("No mail reader shows <%(tag)s>: take it out.") % {"tag": tag})
        if _MARK in _QUOTED.sub("", self.get_starttag_text() or ""):
            self.errors.append(_('A variable inside a tag must stand in quotes: <a href="{{ … }}">.'))
        for name, value in attrs:
            if value and _MARK in value and (name == "style" or name.startswith("on")):
                self.errors.append(_("A variable cannot stand in the attribute “%(name)s”.") % {"name": name})

    def handle_endtag(self, tag: str) -> None:
        if _MARK in tag:
            self.errors.append(_('A variable inside a tag must stand in quotes: <a href="{{ … }}">.'))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem and _MARK in data:
            self.errors.append(_("A variable cannot stand in <%(tag)s>.") % {"tag": self.cdata_elem})


def with_good_links(markup: str) -> str:
    """Addresses that a reader must not follow (``javascript:`` …) lead nowhere."""
    return _URL_ATTRIBUTE.sub(lambda found: found[1] + (found[2] if _is_good(found[2][1:-1]) else '"#"'), markup)


def _is_good(attribute: str) -> bool:
    # Browsers drop control characters and blanks before they look at the scheme.
    url = re.sub(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029]", "", html.unescape(attribute))
    scheme = _SCHEME.match(url)
    return scheme is None or scheme[1].lower() in GOOD_SCHEMES or url.lower().startswith("data:image/")


def text_as_html(text: str) -> str:
    """Paragraphs of a plain text, whose web addresses become links."""
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        url = html.escape(found[0])
        pieces += [html.escape(text[end : found.start()]), f'<a href="{url}" style="color:#1d4ed8">{url}</a>']
        end = found.end()
    pieces.append(html.escape(text[end:]))
    return _LINE.sub("<br>\n", "".join(pieces))


def conversation_as_html(turns: list[tuple[str, str]]) -> str:
    """A transcript: (who, what) each; without a who, it goes on with the one before."""
    rows = [
        f'<p style="margin:0 0 8px 0">{_speaker(who)}{_LINE.sub("<br>", html.escape(what))}</p>' for who, what in turns
    ]
    return "\n".join(rows)


def _speaker(who: str) -> str:
    return f'<strong style="color:#374151">{html.escape(who)}</strong><br>' if who else ""


def html_as_text(markup: str) -> str:
    """What somebody reads who sees no formatting; a link shows where it leads."""
    reader = _Text()
    reader.feed(markup)
    reader.close()
    text = _BREAKS.sub(lambda found: "\n\n" if _PARAGRAPH in found[0] else "\n", "".join(reader.pieces))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.unseen = 0
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self.unseen += 1
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.pieces)))
        elif tag == "br":
            self.pieces.append("\n")
        elif tag in _BLOCKS:
            self._break(tag)
            if tag == "li":
                self.pieces.append("- ")
        elif tag in {"td", "th"}:
            self.pieces.append(" ")
        elif tag == "img":
            self.pieces.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag == "a" and self.links:
            self._end_link()
        elif tag in _BLOCKS:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.pieces.append(_BLANKS.sub(" ", data))

    def _break(self, tag: str) -> None:
        self.pieces.append(_PARAGRAPH if tag in _PARAGRAPHS else _BLOCK)

    def _end_link(self) -> None:
        url, start = self.links.pop()
        shown = " ".join("".join(self.pieces[start:]).split())
        if url.startswith(("http://", "https://")) and url != shown:
            self.pieces.append(f" ({url}) " if shown else url)


FRAME = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
</head>
<body style="margin:0;padding:0;background-color:#f3f4f6">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#f3f4f6">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="640" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:640px;\
background-color:#ffffff;border:1px solid #e5e7eb;border-radius:8px">
<tr><td style="padding:24px;font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:22px;color:#111827;\
text-align:left;word-break:break-word">
{content}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""


def framed(content: str, language: str, title: str) -> str:
    """A whole document around markup of ours."""
    return FRAME.format(language=language, title=html.escape(title), content=content)
