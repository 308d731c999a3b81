"""Warm transfers: what the human is told before the caller is connected, spoken or in a SIP header."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from urllib.parse import quote

from django.utils.translation import gettext as _

from accounts.texts import without_accents
from actions.contract import JSON
from actions.directives import Briefing
from actions.expressions.errors import ExpressionError
from transfers.params import TransferParams

LONGEST_SPOKEN = 1000
LONGEST_HEADER = 500
"""Characters of ASCII, so bytes: beside the other headers it must fit one packet (RFC 3261 section 18.1.1)."""

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‹›′", "'"),
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        "…": "...", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
        "đ": "d", "Đ": "D", "€": "EUR", "£": "GBP", "•": "-", "·": "-",
    }
)  # fmt: skip


def briefing_of(
    params: TransferParams, scope: Mapping[str, JSON], reason: str, language: str, warnings: list[str]
) -> Briefing | None:
    """None for a cold transfer. Speaks ``language``, which must be the active one."""
    if params.mode == "cold":
        return None
    text = one_line(_summary(params, scope, warnings)) or one_line(reason) or _("A caller is transferred to you.")
    text = shortened(text, LONGEST_SPOKEN)
    if params.mode == "warm_spoken":
        return Briefing(by="speech", text=text, language=language)
    return Briefing(by="sip_header", text=text, language=language, header=params.summary_header)


def header_value(text: str) -> str:
    """``text`` as every telephone system can take it: one line of visible ASCII, of bounded length.

    Accents are taken off; what has no ASCII form is written as percent-encoded UTF-8, so nothing is lost unseen.
    """
    letters = without_accents(one_line(text).translate(_PLAIN))
    return shortened(
        "".join(letter if " " <= letter <= "~" else _encoded(letter) for letter in letters), LONGEST_HEADER
    )


def one_line(text: str) -> str:
    """Without line breaks and control characters; runs of spaces become one."""
    kept = "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)
    return " ".join(kept.split())


def shortened(text: str, most: int) -> str:
    """Cut at a word, if there is one near the end, with three dots."""
    if len(text) <= most:
        return text
    cut = text[: most - 3]
    words = cut.rpartition(" ")[0]
    return f"{words if len(words) > most // 2 else cut}..."


def _summary(params: TransferParams, scope: Mapping[str, JSON], warnings: list[str]) -> str:
    try:
        return params.summary_template.render(scope, warnings)
    except ExpressionError as error:
        warnings.append(_("The summary was left out: %(error)s") % {"error": error})
        return ""


def _encoded(letter: str) -> str:
    return quote(letter, safe="", errors="ignore")
