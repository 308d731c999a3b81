"""Letters, as people compare them."""

from __future__ import annotations

import unicodedata


def without_accents(text: str) -> str:
    """Compatibility-decomposed (Unicode NFKD), combining marks left out: “Élève №” is “Eleve No”."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
