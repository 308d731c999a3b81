"""Text that a spreadsheet would take for a formula, made harmless, and back again without a loss.

A spreadsheet runs what begins with one of ``DANGEROUS``. An apostrophe before it makes it text. What begins with an
apostrophe already gets another one, so that taking one away is always right.
"""

from __future__ import annotations

DANGEROUS = frozenset("=+-@\t\r\n|%＝＋－＠'")


def escape(text: str) -> str:
    return f"'{text}" if text[:1] in DANGEROUS else text


def unescape(text: str) -> str:
    """Only what :func:`escape` would have written loses its apostrophe: ’tis and 'quoted' stay."""
    return text[1:] if text[:1] == "'" and text[1:2] in DANGEROUS else text
