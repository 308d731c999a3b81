"""The columns, formats and text of cells of a list of numbers: the contract between files and rows.

What django-import-export would do row by row, ``lines``, ``writing`` and ``export`` do in bulk; tests hold them to
this.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import CharWidget

from accounts.spreadsheets import escape, unescape
from transfers.imports.columns import DESCRIPTION, PHONE
from transfers.models import DestinationType, TransferDestination

FORMATS = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
"""The ending of a file's name, and its content type."""


class HarmlessWidget(CharWidget):
    """Text that no spreadsheet runs."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return unescape(str(super().clean(value, row, **kwargs) or ""))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return escape(str(super().render(value, obj, **kwargs) or ""))


class NumberResource(ModelResource):
    """The phone numbers of one action; other destinations have no place in a file."""

    phone = Field(attribute="phone", column_name=PHONE, widget=CharWidget())
    description = Field(attribute="description", column_name=DESCRIPTION, widget=HarmlessWidget())

    class Meta:
        model = TransferDestination
        fields = (PHONE, DESCRIPTION)
        import_id_fields = (PHONE,)
        clean_model_instances = True
        skip_unchanged = True

    def __init__(self, action_id: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.action_id = action_id

    def get_queryset(self) -> models.QuerySet[TransferDestination]:
        return TransferDestination.objects.filter(action=self.action_id, type=DestinationType.NUMBER)

    def init_instance(self, row: Any = None) -> TransferDestination:
        return TransferDestination(action_id=self.action_id)
