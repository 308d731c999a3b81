"""Public holidays by country and region, from the ``holidays`` library; each year is worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays

_FALLBACK_LANGUAGE = "en_US"


@lru_cache(maxsize=1)
def regions_by_country() -> Mapping[str, tuple[str, ...]]:
    """ISO 3166-1 country code -> codes of the regions that have public holidays of their own."""
    supported = holidays.list_supported_countries(include_aliases=False)
    return {country: tuple(regions) for country, regions in supported.items()}


@lru_cache(maxsize=256)
def region_names(country: str) -> Mapping[str, str]:
    """Region code -> its name as its inhabitants write it, or the code where no name is known."""
    names = {region: region for region in regions_by_country().get(country, ())}
    if names:
        for alias, region in holidays.country_holidays(country).subdivisions_aliases.items():
            if len(alias) > len(names[region]) or names[region] == region:
                names[region] = alias
    return names


def is_holiday(country: str, region: str, day: date) -> bool:
    return day in _of_year(country, region, day.year, "")


def holiday_name(country: str, region: str, day: date, language: str) -> str:
    """What the holiday is called in ``language`` (``fr`` or ``en``), else in English, else there; '' for no holiday."""
    return _of_year(country, region, day.year, language).get(day, "")


@lru_cache(maxsize=1024)
def _of_year(country: str, region: str, year: int, language: str) -> Mapping[date, str]:
    """A country or region that the library does not know (any more) has no holidays: calls must go on."""
    regions = regions_by_country().get(country)
    if regions is None or (region and region not in regions):
        return {}
    spoken = _library_language(country, language) if language else None
    return dict(holidays.country_holidays(country, region or None, years=year, expand=False, language=spoken))


@lru_cache(maxsize=512)
def _library_language(country: str, language: str) -> str | None:
    """A language of the library for this country's names; None: the country's own."""
    known = holidays.country_holidays(country).supported_languages
    for wanted in (language, _FALLBACK_LANGUAGE):
        for candidate in known:
            if candidate == wanted or candidate.startswith(f"{wanted}_"):
                return candidate
    return None
