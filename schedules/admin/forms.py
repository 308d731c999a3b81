"""The form of a schedule: its week as time slots, its public holidays by country and region."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectWidget

from accounts.admin_base import PresetForm
from schedules.admin.widgets import TimeSlotsField
from schedules.countries import country_choices, region_choices
from schedules.models import DatedException, Schedule
from schedules.weeks import replace_week, week_of


class ExceptionForm(forms.ModelForm):  # type: ignore[type-arg]
    """With the browser's own fields for dates and times: a row of them must fit."""

    class Meta:
        model = DatedException
        fields = ("name", "effect", "first_day", "last_day", "opens", "closes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        look = " ".join(INPUT_CLASSES)
        for name in ("first_day", "last_day"):
            self.fields[name].widget = forms.DateInput({"type": "date", "class": look}, format="%Y-%m-%d")
        for name in ("opens", "closes"):
            self.fields[name].widget = forms.TimeInput({"type": "time", "class": look}, format="%H:%M")


class ScheduleForm(PresetForm):
    """The region is chosen as ``FR-57``: regions of two countries may have the same code."""

    week = TimeSlotsField(
        label=_("weekly opening hours"),
        help_text=_("Earlier than it opens: it closes the next day. 00:00 to 00:00 is the whole day."),
    )
    holiday_country = forms.ChoiceField(label=_("public holidays of"), required=False, widget=UnfoldAdminSelectWidget)
    holiday_region = forms.ChoiceField(label=_("region"), required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Schedule
        fields = ("name", "time_zone", "holiday_country", "holiday_region")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "week" not in self.fields:
            return
        for name in ("week", "holiday_country", "holiday_region"):
            self.fields[name].label = capfirst(str(self.fields[name].label))
        language = (get_language() or "en")[:2]
        schedule: Schedule = self.instance
        country, region = self.fields["holiday_country"], self.fields["holiday_region"]
        country.help_text = _("Closed on the public holidays of this country.")
        country.choices = [("", _("None")), *country_choices(language)]  # type: ignore[attr-defined]
        region.help_text = _("Where a region has public holidays of its own, for example Alsace.")
        region.choices = [("", _("None")), *region_choices(language)]  # type: ignore[attr-defined]
        if schedule.holiday_region:
            self.initial["holiday_region"] = f"{schedule.holiday_country}-{schedule.holiday_region}"
        if schedule.pk:
            self.initial["week"] = week_of(schedule)

    def clean_holiday_region(self) -> str:
        chosen: str = self.cleaned_data["holiday_region"]
        country, _dash, region = chosen.partition("-")
        if chosen and self.cleaned_data.get("holiday_country") not in {country, None}:
            raise forms.ValidationError(_("This region is not in the country that is chosen."))
        return region

    def save_week(self) -> None:
        """Once the schedule itself is saved."""
        replace_week(self.instance, self.cleaned_data["week"])
