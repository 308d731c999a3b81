"""The form of one destination: its address in one cell, whatever its type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import PresetForm
from actions.models import Agent
from schedules.admin.widgets import TimeSlotsField
from transfers.admin.phone_widget import AddressField, AddressWidget
from transfers.models import DestinationType, TransferDestination

COLUMNS = {DestinationType.NUMBER: "phone", DestinationType.SIP_URI: "sip_uri", DestinationType.AGENT: "agent"}
MOST_AGENTS = 500


class DestinationForm(PresetForm):
    """What is wrong with the columns behind ``address`` is said at ``address``.

    ``region`` is the country offered first, ``agents`` are those to choose from.
    """

    region: ClassVar[str] = ""
    agents: ClassVar[Sequence[Agent]] = ()

    address = AddressField(label=_("Destination"))
    time_slots = TimeSlotsField(
        label=_("Time slots"),
        switch=_("Ring it in these time slots only"),
    )

    class Meta:
        model = TransferDestination
        fields = ("description",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "address" not in self.fields:
            return
        self.fields["address"].widget = AddressWidget(self.region, self.agents)
        row: TransferDestination = self.instance
        if row.pk:
            self.initial["address"] = {"type": row.type, "value": getattr(row, COLUMNS[DestinationType(row.type)])}

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"type", *COLUMNS.values()}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        address = self.cleaned_data.get("address")
        if address:
            self.instance.type = address["type"]
            for kind, column in COLUMNS.items():
                setattr(self.instance, column, address["value"] if kind == address["type"] else None)
        return cleaned

    def _update_errors(self, errors: ValidationError) -> None:
        if hasattr(errors, "error_dict"):
            hidden = [name for name in ("type", *COLUMNS.values()) if name in errors.error_dict]
            said = [error for name in hidden for error in errors.error_dict.pop(name)]
            if said and "address" not in self.errors:
                errors.error_dict.setdefault("address", []).extend(said)
        super()._update_errors(errors)  # type: ignore[misc]


class DestinationFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Says which of two rows repeats the other, before the database does."""

    def validate_unique(self) -> None:
        """Instead of Django's own, which looks for the columns among the fields of the forms."""
        seen = set()
        for form in self.forms:
            address = form.cleaned_data.get("address") if hasattr(form, "cleaned_data") else None
            if not address or form.cleaned_data.get("DELETE"):
                continue
            key = (address["type"], str(address["value"]))
            if key in seen:
                form.add_error("address", _("This is in the list twice."))
            seen.add(key)


def offered_agents(account_id: int, but: int) -> list[Agent]:
    """Whom a call may be passed on to. Inside the account's scope."""
    return list(Agent.objects.filter(account_id=account_id).exclude(pk=but).order_by("name")[:MOST_AGENTS])
