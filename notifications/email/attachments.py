"""The transcript of a call as a file."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.contract import CallContext
from notifications.email.ledger import warn
from notifications.email.messages import Attachment
from notifications.email.reader import reader_of, turns_of

MOST_PDF_CHARACTERS = 500_000
"""Laying out a page takes a processor some milliseconds; this is about five hours of talking."""


def transcript_attachment(form: str, language: str, context: CallContext) -> Attachment | None:
    """``form`` is ``txt`` or ``pdf``; None, with a warning, for a call without a transcript."""
    transcript = str(context.scope["interaction"].get("TRANSCRIPT") or "")
    with override(language):
        if not transcript.strip():
            warn(context.warnings, _("The call has no transcript: nothing was attached."))
            return None
        reader = reader_of(context, language)
        name = _("transcript-%(call)s") % {"call": str(context.call_id)[-12:]}
        if form == "pdf":
            turns = turns_of(transcript[:MOST_PDF_CHARACTERS], language)
            return Attachment(f"{name}.pdf", _pdf(reader, turns), "application/pdf")
        text = "\n".join((*_head(reader), "", str(reader["transcript"]), ""))
        # With the mark that tells Windows' editor that it is UTF-8.
        return Attachment(f"{name}.txt", text.encode("utf-8-sig", "replace"), "text/plain")


def _head(reader: Mapping[str, str]) -> list[str]:
    facts = [
        _("%(caller)s to %(called)s") % {"caller": reader["caller"], "called": reader["called"]},
        " · ".join(filter(None, (reader["date"], reader["duration"]))),
    ]
    return [f"{reader['direction']} – {reader['agent']}", *filter(None, facts)]


def _pdf(reader: Mapping[str, str], turns: list[tuple[str, str]]) -> bytes:
    # reportlab comes with it, which only a worker needs (``accounts.lazily``).
    from notifications.email.pdf import Paragraph, pdf

    title, *facts = _head(reader)
    spoken = [Paragraph(what, who) for who, what in turns]
    return pdf(title, [*(Paragraph(fact, is_faint=True) for fact in facts), *spoken])
