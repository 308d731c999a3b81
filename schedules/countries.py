"""Countries and regions to choose public holidays from, in the reader's language."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

from accounts.texts import without_accents
from schedules.models import Schedule
from schedules.public_holidays import region_names, regions_by_country


@lru_cache(maxsize=4)
def country_choices(language: str) -> tuple[tuple[str, str], ...]:
    """(ISO code, name) in alphabetical order."""
    names = Locale(language).territories
    countries = ((code, names.get(code, code)) for code in regions_by_country())
    return tuple(sorted(countries, key=_alphabetical))


@lru_cache(maxsize=4)
def region_choices(language: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """(country's name, its regions as (``FR-57``, name)) for the countries that have some."""
    return tuple(
        (name, tuple(sorted(((f"{code}-{region}", text) for region, text in regions.items()), key=_alphabetical)))
        for code, name in country_choices(language)
        if (regions := region_names(code))
    )


def holidays_text(schedule: Schedule, language: str) -> str:
    """“France (Alsace)”, or ''."""
    country = dict(country_choices(language)).get(schedule.holiday_country, schedule.holiday_country)
    region = region_names(schedule.holiday_country).get(schedule.holiday_region, schedule.holiday_region)
    return f"{country} ({region})" if region else country


def _alphabetical(choice: tuple[str, str]) -> str:
    return without_accents(choice[1]).lower()
