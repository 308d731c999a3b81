"""Opening hours that several actions share: weekly windows, dated exceptions, public holidays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account, TimeZoneField
from schedules.public_holidays import regions_by_country
from schedules.slots import times_error

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
LONGEST_EXCEPTION_DAYS = 366


class Schedule(models.Model):
    """When something is open, in a time zone. Live: a change counts from the next call on, without publishing."""

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="schedules")
    name = models.CharField(_("name"), max_length=100)
    time_zone = TimeZoneField(_("time zone"))
    holiday_country = models.CharField(
        _("public holidays of"), max_length=2, blank=True, help_text=_("Closed on the public holidays of this country.")
    )
    holiday_region = models.CharField(
        _("region"),
        max_length=30,
        blank=True,
        help_text=_("Where a region has public holidays of its own, for example Alsace."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[Schedule]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="schedules_name_once",
                violation_error_message=_("Another schedule has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        regions = regions_by_country()
        if self.holiday_country and self.holiday_country not in regions:
            raise ValidationError({"holiday_country": _("The public holidays of this country are not known.")})
        if self.holiday_region and not self.holiday_country:
            raise ValidationError({"holiday_region": _("Choose the country of the region, too.")})
        if self.holiday_region and self.holiday_region not in regions[self.holiday_country]:
            raise ValidationError({"holiday_region": _("This country has no such region.")})


class WeeklyWindow(models.Model):
    """Open from ``opens`` to ``closes`` on ``days`` (0: Monday); past midnight where ``closes`` is not later."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, verbose_name=_("schedule"), related_name="windows")
    days = models.JSONField(_("days"), default=list)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("to"))

    objects: ClassVar[models.Manager[WeeklyWindow]] = ScopedManager(account="schedule__account")

    class Meta:
        verbose_name = _("weekly opening hours")
        verbose_name_plural = _("weekly opening hours")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


class Effect(models.TextChoices):
    CLOSED = "closed", _("Closed")
    OPEN = "open", _("Open at other hours")


class DatedException(models.Model):
    """From ``first_day`` to ``last_day``, both included: closed, all day or only from ``opens`` to ``closes``; or open
    from ``opens`` to ``closes`` instead of the usual hours.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, verbose_name=_("schedule"), related_name="exceptions")
    effect = models.CharField(_("effect"), max_length=6, choices=Effect.choices, default=Effect.CLOSED)
    name = models.CharField(_("name"), max_length=100, blank=True)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    opens = models.TimeField(_("from"), null=True, blank=True)
    closes = models.TimeField(_("to"), null=True, blank=True)

    objects: ClassVar[models.Manager[DatedException]] = ScopedManager(account="schedule__account")

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        ordering = ["first_day", "id"]

    def __str__(self) -> str:
        return self.name or str(self.first_day)

    def clean(self) -> None:
        super().clean()
        if errors := {**self._day_errors(), **self._time_errors()}:
            raise ValidationError(errors)

    def _day_errors(self) -> dict[str, StrOrPromise]:
        if None in (self.first_day, self.last_day):
            return {}
        if not EARLIEST_YEAR <= self.first_day.year <= LATEST_YEAR:
            return {"first_day": _("Give a year from 2000 to 2100.")}
        if self.last_day < self.first_day:
            return {"last_day": _("The last day is before the first.")}
        if (self.last_day - self.first_day).days >= LONGEST_EXCEPTION_DAYS:
            return {"last_day": _("An exception is a year long at most.")}
        return {}

    def _time_errors(self) -> dict[str, StrOrPromise]:
        if self.opens is None and self.closes is None:
            return {"opens": _("Say from when to when it is open.")} if self.effect == Effect.OPEN else {}
        if self.opens is None:
            return {"opens": _("Give both times, or none for the whole day.")}
        if self.closes is None:
            return {"closes": _("Give both times, or none for the whole day.")}
        text = times_error(self.opens, self.closes)
        return {"closes": text} if text else {}
