"""How far a document, or a whole source, has come."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin_base import badge
from knowledge.models import Document, DocumentState, Source

LOOKS = {
    DocumentState.WAITING: "info",
    DocumentState.INDEXING: "info",
    DocumentState.READY: "success",
    DocumentState.FAILED: "danger",
}


def document_badge(document: Document) -> SafeString:
    return badge(LOOKS[DocumentState(document.state)], document.get_state_display())


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


def source_url(source: Source) -> str:
    return reverse("admin:knowledge_source_change", args=[source.pk])
