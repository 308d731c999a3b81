"""Which column is which: names in any case, order and accents, in English or French."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.texts import without_accents
from transfers.imports.refusals import ImportRefused

PHONE, DESCRIPTION = "phone", "description"

NAMES = {
    PHONE: {
        "phone", "phonenumber", "number", "telephone", "telephonenumber", "tel", "e164",
        "numero", "numerodetelephone", "numerotelephone", "ndetelephone", "nodetelephone", "ntelephone",
    },
    DESCRIPTION: {"description", "label", "libelle", "intitule", "name", "nom", "designation"},
}  # fmt: skip
"""Other names of the columns, as :func:`plain` writes them. The first ones are ours."""


@dataclass(frozen=True)
class Columns:
    """Where the columns are, counted from 0; ``ignored`` are the names of the others."""

    phone: int
    description: int | None
    width: int
    ignored: tuple[str, ...]


def plain(name: str) -> str:
    """``" N° de Téléphone "`` is ``ndetelephone``: letters and digits, without accents and case."""
    return "".join(char for char in without_accents(name).casefold() if char.isascii() and char.isalnum())


def find_columns(header: Sequence[str]) -> Columns:
    """Raises ImportRefused where there is no column of numbers, or two that might be the one."""
    phone = _find(header, PHONE)
    if phone is None:
        found = ", ".join(f"“{name.strip()[:40]}”" for name in header[:10])
        raise ImportRefused("missing_column", column=PHONE, found=found or "—")
    description = _find(header, DESCRIPTION)
    ignored = [name.strip()[:100] for at, name in enumerate(header) if at not in {phone, description}]
    return Columns(phone, description, len(header), tuple(name for name in ignored if name))


def names_phone(header: Sequence[str]) -> bool:
    return any(plain(name) in NAMES[PHONE] for name in header)


def _find(header: Sequence[str], column: str) -> int | None:
    """Our own name goes before others."""
    named = [plain(name) for name in header]
    exact = [at for at, name in enumerate(named) if name == column]
    found = exact or [at for at, name in enumerate(named) if name in NAMES[column]]
    if len(found) > 1:
        raise ImportRefused(
            "two_columns", column=column, found=", ".join(f"“{header[at].strip()[:40]}”" for at in found)
        )
    return found[0] if found else None
