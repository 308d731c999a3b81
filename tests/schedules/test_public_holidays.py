"""What is known of public holidays."""

from __future__ import annotations

from datetime import date

from schedules.countries import country_choices, region_choices
from schedules.models import Schedule
from schedules.public_holidays import holiday_name, is_holiday, region_names, regions_by_country


def test_every_region_fits_its_column() -> None:
    longest = Schedule._meta.get_field("holiday_region").max_length
    assert longest is not None
    assert max(len(region) for regions in regions_by_country().values() for region in regions) <= longest


def test_regions_have_names() -> None:
    assert region_names("FR")["6AE"] == "Alsace"
    assert region_names("FR")["974"] == "La Réunion"
    assert region_names("ZZ") == {}


def test_a_holiday_is_named_in_a_language_that_the_library_has() -> None:
    german_unity = date(2026, 10, 3)

    assert is_holiday("DE", "", german_unity)
    assert holiday_name("DE", "", german_unity, "fr") == holiday_name("DE", "", german_unity, "en") != ""
    assert holiday_name("DE", "", date(2026, 10, 5), "fr") == ""


def test_countries_and_regions_are_offered_in_the_readers_language() -> None:
    assert ("DE", "Allemagne") in country_choices("fr")
    assert ("DE", "Germany") in country_choices("en")
    assert ("FR-6AE", "Alsace") in dict(region_choices("fr"))["France"]
    names = [name for _code, name in country_choices("fr")]
    assert names.index("Équateur") < names.index("France")
