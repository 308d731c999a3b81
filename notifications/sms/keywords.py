"""What somebody answers who wants no more text messages, or wants them again."""

from __future__ import annotations

import re

from accounts.texts import without_accents

OUT = frozenset(
    {
        *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE", "REMOVE"),
        *("ARRET", "ARRETT", "ARRETE", "ARRETER", "ARRETEZ", "STOPPER", "DESABONNER", "DESINSCRIRE", "DESABONNEMENT"),
    }
)
"""Twilio's own (https://help.twilio.com/articles/223134027), and French ones."""

IN = frozenset({"START", "UNSTOP", "OPTIN"})
"""Not YES: it may answer another question."""

LONGEST = 100
"""Characters; what is longer is a letter, and no keyword."""

_SPACES = re.compile(r"[\W_]+")
_FILLING = frozenset({"SMS", "PLEASE", "SVP", "MERCI"})


def wish_of(text: str) -> str:
    """``out``, ``in`` or '': only a keyword alone counts, whatever its case, accents and punctuation."""
    if len(text) > LONGEST:
        return ""
    words = [word for word in _SPACES.split(without_accents(text).upper()) if word and word not in _FILLING]
    if len(words) == 2 and words[0] in {"OPT", "OPTE"}:
        words = ["".join(words)]
    if len(words) != 1:
        return ""
    return "out" if words[0] in OUT else "in" if words[0] in IN else ""
