"""Where a call goes to, in one cell: a number with its country, a SIP address or another agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import INPUT_CLASSES, SELECT_CLASSES

from actions.models import Agent
from transfers.models import DestinationType
from transfers.regions import countries, split, to_e164

Address = dict[str, Any]
"""``type`` and ``value``: an E.164 number, a SIP address, or an :class:`Agent`; None where nothing was given."""


class AddressWidget(forms.Widget):
    """``region`` is the country offered first. The script moves between the types and reads pasted numbers."""

    template_name = "triptyque/transfers/address.html"

    class Media:
        js = ("triptyque/numbers.js",)

    def __init__(self, region: str = "", agents: Sequence[Agent] = ()) -> None:
        super().__init__()
        self.region = region
        self.agents = agents

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = value if isinstance(value, dict) else {}
        kind, address = shown.get("type") or DestinationType.NUMBER, shown.get("value")
        region, number = self.region, ""
        if kind == DestinationType.NUMBER and address:
            region, number = shown["written"] if "written" in shown else split(address)
        context["widget"] |= {
            "types": DestinationType.choices,
            "type": kind,
            "region": region,
            "number": number,
            "countries": countries(get_language() or "fr"),
            "sip_uri": address if kind == DestinationType.SIP_URI else "",
            "agents": self.agents,
            "agent": getattr(address, "pk", None),
            "input_class": " ".join(INPUT_CLASSES),
            "select_class": " ".join(SELECT_CLASSES),
        }
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Address:
        """``written`` keeps what was typed, to be shown again."""
        kind = str(data.get(f"{name}-type", DestinationType.NUMBER))
        if kind == DestinationType.AGENT:
            chosen = str(data.get(f"{name}-agent", ""))
            return {"type": kind, "value": next((row for row in self.agents if str(row.pk) == chosen), None)}
        if kind == DestinationType.SIP_URI:
            return {"type": kind, "value": str(data.get(f"{name}-sip_uri", "")).strip()}
        region, text = str(data.get(f"{name}-region", "")), str(data.get(f"{name}-number", "")).strip()
        return {"type": DestinationType.NUMBER, "value": to_e164(region, text), "written": (region, text)}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-type" not in data

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_number" if id_ else id_


class AddressField(forms.Field):
    """Its value is an :class:`Address`; the columns' own checks say whether it is a good one."""

    widget = AddressWidget
    default_error_messages = {"required": _("Give a number, a SIP address or an agent.")}

    def clean(self, value: Any) -> Any:
        if not value or not value["value"]:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        before, after = initial or {}, data or {}
        if not before:
            return bool(after.get("value"))
        return any(before.get(key) != after.get(key) for key in ("type", "value"))
