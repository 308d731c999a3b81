"""Countries that have numbers, for a drop-down."""

from __future__ import annotations

from functools import cache

import phonenumbers
from babel import Locale

from accounts.texts import without_accents
from actions.phones import REGIONS


@cache
def country_choices(language: str) -> tuple[tuple[str, str], ...]:
    """(ISO 3166 code, “France (+33)”), by name in ``language``."""
    names = Locale.parse(language).territories
    found = [(region, str(names.get(region, region))) for region in REGIONS]
    return tuple(
        (region, f"{name} (+{phonenumbers.country_code_for_region(region)})")
        for region, name in sorted(found, key=lambda each: without_accents(each[1]).casefold())
    )
