"""The body of an email whose editor has written none."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import override

BODIES = Path(__file__).parent / "bodies"


@lru_cache
def default_body(language: str) -> str:
    """The source of the plain text; English where there is no translation."""
    path = BODIES / f"{language}.txt"
    return (path if path.exists() else BODIES / "en.txt").read_text(encoding="utf-8")


@lru_cache
def default_html(language: str) -> str:
    """The source of the formatted text: markup to be framed."""
    source = (BODIES / "default.html").read_text(encoding="utf-8")
    with override(language):
        words = {
            "[from]": _("From"),
            "[to]": _("To"),
            "[date]": _("Date"),
            "[duration]": _("Duration"),
            "[classification]": _("Classification"),
            "[collected]": _("Information collected"),
            "[transcript]": _("Transcript"),
            "[open]": _("Open the call"),
            "[listen]": _("Listen to the recording"),
        }
    for mark, word in words.items():
        source = source.replace(mark, escape(word))
    return source
