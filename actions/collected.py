"""What an agent's finished calls are read for besides their labels: the name given, an amount, a date."""

from __future__ import annotations

import re
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from actions.expressions.scope import RESERVED

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def validate_variable_name(name: str) -> None:
    if name in RESERVED or not _NAME.fullmatch(name):
        raise ValidationError(
            _("Use letters without accents, digits and _, not beginning with a digit, and no word of the expressions.")
        )


class FieldType(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    BOOLEAN = "boolean", _("Yes or no")
    DATE = "date", _("Date")


class CollectedField(models.Model):
    """One piece of information looked for in each finished call; it becomes a parameter of the call."""

    agent = models.ForeignKey("actions.Agent", models.CASCADE, verbose_name=_("agent"), related_name="collected_fields")
    name = models.CharField(
        _("name"),
        max_length=63,
        validators=[validate_variable_name],
        help_text=_("The call’s parameter of this name gets it, unless it has a value already."),
    )
    description = models.CharField(_("description"), max_length=500, blank=True)
    type = models.CharField(_("type"), max_length=7, choices=FieldType.choices, default=FieldType.TEXT)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects: ClassVar[models.Manager[CollectedField]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = _("information to collect")
        verbose_name_plural = _("information to collect")
        ordering = ["position", "name"]
        constraints = [models.UniqueConstraint(fields=["agent", "name"], name="actions_collected_field_name")]

    def __str__(self) -> str:
        return self.name
