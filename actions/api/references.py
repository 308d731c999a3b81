"""How a configuration names other rows: by what people call them, so that it reads well and moves between accounts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from actions.models import Action, Label


@extend_schema_field({"type": "string"})
class NameReference(serializers.SlugRelatedField[Any]):
    """Another row of the account, by its name."""

    default_error_messages = {"does_not_exist": _("There is nothing called “{value}” here.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"slug_field": "name", **kwargs})


@extend_schema_field(
    {
        "type": "object",
        "properties": {"classifier": {"type": "string"}, "label": {"type": "string"}},
        "required": ["classifier", "label"],
        "additionalProperties": False,
    }
)
class LabelReference(serializers.RelatedField[Label, Any, dict[str, str]]):
    """A label of the same agent: ``{"classifier": "Reason", "label": "Refund"}``."""

    default_error_messages = {
        "not_a_reference": _("Give a “classifier” and a “label”, both by name."),
        "does_not_exist": _("This agent has no label “{label}” in a classification “{classifier}”."),
    }

    def to_internal_value(self, data: Any) -> Label:
        if not _is_label_reference(data):
            self.fail("not_a_reference")
        queryset: Any = self.get_queryset()
        label: Label | None = queryset.filter(
            classifier__agent=self.context["view"].agent, classifier__name=data["classifier"], name=data["label"]
        ).first()
        if label is None:
            self.fail("does_not_exist", **data)
        return label

    def to_representation(self, value: Any) -> dict[str, str]:
        return {"classifier": value.classifier.name, "label": value.name}

    def use_pk_only_optimization(self) -> bool:
        return False


@extend_schema_field({"type": "string"})
class ActionReference(serializers.RelatedField[Action, Any, str]):
    """An action of the same agent, by its name."""

    default_error_messages = {"does_not_exist": _("This agent has no action called “{value}”.")}

    def to_internal_value(self, data: Any) -> Action:
        queryset: Any = self.get_queryset()
        found = queryset.filter(agent=self.context["view"].agent, name=data).first() if isinstance(data, str) else None
        if found is None:
            self.fail("does_not_exist", value=str(data)[:100])
        action: Action = found
        return action

    def to_representation(self, value: Any) -> str:
        name: str = value.name
        return name

    def use_pk_only_optimization(self) -> bool:
        return False


def _is_label_reference(data: Any) -> bool:
    known = isinstance(data, dict) and data.keys() == {"classifier", "label"}
    return known and all(isinstance(name, str) for name in data.values())
