"""How far a document, or a whole source, has come, and what is known of it."""

from __future__ import annotations

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin_base import badge
from knowledge.embedding.models import EmbeddingConnection, SourceVectors, VectorState
from knowledge.models import Document, DocumentKind, DocumentState, Source
from knowledge.web_pages import next_visit

LOOKS = {
    DocumentState.WAITING: "info",
    DocumentState.INDEXING: "info",
    DocumentState.READY: "success",
    DocumentState.FAILED: "danger",
}
ICONS = {DocumentKind.TEXT: "notes", DocumentKind.FILE: "draft", DocumentKind.PAGE: "language"}


def document_badge(document: Document) -> SafeString:
    state = DocumentState(document.state)
    if state == DocumentState.READY and document.error:
        return badge("warning", _("Not up to date"))
    if state == DocumentState.INDEXING and document.unread and document.total:
        return badge("info", _("%(done)d of %(total)d pages") % {"done": document.done, "total": document.total})
    return badge(LOOKS[state], document.get_state_display())


def document_facts(document: Document) -> str:
    """Language, size and pages, as a line says them."""
    facts = [language_of(document)]
    if document.pages is not None:
        facts.append(ngettext("%(count)d page", "%(count)d pages", document.pages) % {"count": document.pages})
    if document.size:
        facts.append(filesizeformat(document.size))
    return " · ".join(filter(None, facts))


def language_of(document: Document) -> str:
    return str(document.get_language_display() if document.language else document.get_recognised_display())


def visits(document: Document) -> list[tuple[str, Any]]:
    """When a web page was fetched, and when it will be again."""
    upcoming = next_visit(document)
    return [
        (_("Last fetched"), _moment(document.fetched_at) or _("Never")),
        (_("Last attempt"), _moment(document.checked_at) or _("None yet")),
        (_("Next attempt"), _moment(upcoming) or _("When asked for")),
    ]


def _moment(value: Any) -> str:
    return str(localize(localtime(value))) if value else ""


def source_badge(source: Any) -> SafeString:
    """``source`` is annotated with ``total``, ``pending`` and ``failed``."""
    badges = []
    if source.failed:
        text = ngettext("%(count)d failed", "%(count)d failed", source.failed) % {"count": source.failed}
        badges.append(badge("danger", text))
    if source.pending:
        badges.append(badge("info", _("Being indexed")))
    if not badges:
        badges.append(badge("success", _("Ready")) if source.total else badge("default", _("Empty")))
    return format_html('<span class="tq-badges">{}</span>', SafeString("".join(badges)))


VECTOR_LOOKS = {
    VectorState.WAITING: "info",
    VectorState.WORKING: "info",
    VectorState.READY: "success",
    VectorState.FAILED: "danger",
}


def vectors_badge(source: Source) -> SafeString | str:
    """How far comparing by meaning is, with what went wrong; '' where the account does not compare by it."""
    vectors = SourceVectors.objects.filter(source=source).first()
    if vectors is None or not EmbeddingConnection.objects.filter(enabled=True).exists():
        return ""
    state = VectorState(vectors.state)
    text = _("By meaning: %(state)s") % {"state": state.label}
    return format_html('{} <span class="tq-run-error">{}</span>', badge(VECTOR_LOOKS[state], text), vectors.error)


def source_url(source: Source) -> str:
    return reverse("admin:knowledge_source_change", args=[source.pk])
