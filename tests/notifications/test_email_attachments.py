"""The transcript as a file of the email."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pypdf import PdfReader

from actions.contract import CallContext
from actions.registry import kinds
from notifications.email.attachments import MOST_PDF_CHARACTERS, transcript_attachment
from notifications.kinds.email import EmailParams
from notifications.models import Delivery
from tests.notifications.conftest import MailServer

KIND = kinds.get("email")
MakeContext = Callable[..., CallContext]
SAID = "caller: Je voudrais résilier : c’est à 30 € par mois, cœur ému, où ça ?\nagent: Bien sûr, Zoë Łukasz."


def run(context: CallContext, **fields: Any) -> None:
    params = EmailParams(**{"subject": "Call", "to": ("team@lac.example",), "body": "x", **fields})
    async_to_sync(KIND.run)(params, context, {})


@pytest.mark.parametrize("form", ["txt", "pdf"])
def test_the_transcript_is_attached_with_its_accents(
    context_with: MakeContext, mail_server: MailServer, form: str
) -> None:
    context = context_with(TRANSCRIPT=SAID)
    run(context, attachment=form, language="fr")
    (part,) = mail_server.messages[0].iter_attachments()
    assert part.get_filename() == f"transcription-{str(context.call_id)[-12:]}.{form}"
    if form == "txt":
        assert part.get_content_type() == "text/plain"
        text = part.get_content().lstrip("\ufeff")
    else:
        assert part.get_content_type() == "application/pdf"
        pages = PdfReader(BytesIO(part.get_content())).pages
        text = "\n".join(page.extract_text() for page in pages)
    for words in ("Je voudrais résilier : c’est à 30 € par mois, cœur ému, où ça ?", "Appelant", "Zoë Łukasz"):
        assert words in text
    assert Delivery.objects.get().attachment == form


def test_a_call_without_words_has_no_attachment(context_with: MakeContext, mail_server: MailServer) -> None:
    context = context_with(TRANSCRIPT="")
    run(context, attachment="pdf")
    assert list(mail_server.messages[0].iter_attachments()) == []
    assert len(context.warnings) == 1


def test_hostile_words_make_a_pdf_all_the_same(context_with: MakeContext) -> None:
    said = "caller: \x00\x07 \ud800 😀 مرحبا " + "x" * 5000 + " <b>&amp;</b> %s {0} (\\)\n" * 3
    attachment = transcript_attachment("pdf", "fr", context_with(TRANSCRIPT=said))
    assert attachment is not None
    assert len(PdfReader(BytesIO(attachment.content)).pages) >= 1


def test_a_very_long_transcript_becomes_a_pdf_in_time(context_with: MakeContext) -> None:
    said = "caller: je voudrais savoir où en est ma commande\n" * 30_000
    assert len(said) > MOST_PDF_CHARACTERS
    began = time.process_time()
    attachment = transcript_attachment("pdf", "fr", context_with(TRANSCRIPT=said))
    assert attachment is not None
    assert attachment.content.startswith(b"%PDF")
    assert time.process_time() - began < 20
