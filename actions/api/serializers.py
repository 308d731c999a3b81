"""A serializer for each kind, made of what the kind says of itself: its model, its ``fields``, its ``nested``."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from rest_framework import serializers

from accounts.api.model_serializers import CleanModelSerializer, Errors, column_errors
from actions.api.children import Key, repeated, replace
from actions.api.references import ActionReference, LabelReference, NameReference
from actions.before_call import BEFORE_FIELDS, BeforeCall
from actions.conditions import AFTER_FIELDS, AFTER_ONLY
from actions.contract import Kind, Moment
from actions.models import Action, Agent, Label
from actions.registry import kinds

COMMON = ("kind", "moment", "name", "description", "enabled", "position")


def after_fields(kind: Kind[Any]) -> tuple[str, ...]:
    """What every action after the call has besides its kind's own; nothing for a kind that never runs then."""
    return AFTER_FIELDS if Moment.AFTER in kind.moments else ()


def before_fields(kind: Kind[Any]) -> tuple[str, ...]:
    """The same for the time before the call."""
    model: type[Any] = kind.model
    return BEFORE_FIELDS if issubclass(model, BeforeCall) else ()


class ReferencesMixin:
    """Foreign keys by name, labels by classifier and name."""

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        _class, options = super().build_relational_field(field_name, relation_info)  # type: ignore[misc]
        if options.get("required") is False and options.get("many"):
            del options["required"]
            options["default"] = list
        if relation_info.related_model is Label:
            return LabelReference, options
        if relation_info.related_model is Agent:
            return NameReference, {"slug_field": "slug", "help_text": _("The short name of an agent."), **options}
        if relation_info.related_model is Action:
            return ActionReference, options
        return NameReference, {"help_text": _("The name of one that the account has."), **options}


class ActionSerializer(ReferencesMixin, CleanModelSerializer[Action]):
    """Base of the kinds' serializers; a kind's own ``serializer_class`` starts from it, too.

    ``fetches_itself`` names nested relations that may be too long to be fetched along with their action.
    """

    action_kind: ClassVar[Kind[Any]]
    fetches_itself: ClassVar[frozenset[str]] = frozenset()

    def new_instance(self) -> Action:
        return self.action_kind.model(agent=self.context["view"].agent)

    def clean_relations(self, instance: Action, relations: dict[str, Any]) -> Errors:
        errors: Errors = {}
        if relations.get("labels") and instance.moment != Moment.AFTER:
            errors["labels"] = [AFTER_ONLY]
        for name in self.action_kind.nested:
            rows = relations[name] = _rows(instance, name, relations[name])
            if found := _row_errors(instance, name, rows):
                errors[name] = found
        return errors

    def save_relations(self, instance: Action, relations: dict[str, Any]) -> None:
        for name, value in relations.items():
            if name in self.action_kind.nested:
                replace(getattr(instance, name), value, key=_key(_relation(instance, name)))
            else:
                getattr(instance, name).set(value)


@cache
def serializer_for(kind_name: str) -> type[ActionSerializer]:
    kind = kinds.get(kind_name)
    if kind.serializer_class:
        return import_string(kind.serializer_class)
    return generic_serializer(kind)


def generic_serializer(kind: Kind[Any]) -> type[ActionSerializer]:
    """Made of what the kind says of itself alone."""
    members: dict[str, Any] = {"action_kind": kind, "kind": _kind_field(kind), "moment": _moment_field(kind)}
    for name in kind.nested:
        members[name] = child_serializer(kind.model, name)(many=True, default=list)
    members["Meta"] = type(
        "Meta",
        (),
        {
            "model": kind.model,
            "fields": [*COMMON, *kind.fields, *kind.nested, *before_fields(kind), *after_fields(kind), "updated_at"],
            "read_only_fields": ["updated_at"],
        },
    )
    with override("en"):
        members["__doc__"] = str(kind.summary)
    return type(f"{_camel(kind.name)}ActionSerializer", (ActionSerializer,), members)


def _kind_field(kind: Kind[Any]) -> serializers.ChoiceField:
    """One possible value: the discriminator on the way in and out, and never another kind later."""
    return serializers.ChoiceField(
        [(kind.name, kind.label)], error_messages={"invalid_choice": _("The kind of an action cannot be changed.")}
    )


def _moment_field(kind: Kind[Any]) -> serializers.ChoiceField:
    return serializers.ChoiceField(
        sorted((moment.value, moment.label) for moment in kind.moments),
        error_messages={"invalid_choice": _("This kind of action does not exist at that moment of the call.")},
    )


# --- nested rows ----------------------------------------------------------------------------------


class ChildSerializer(ReferencesMixin, CleanModelSerializer[Any]):
    """A row of a nested list. It is stored by the serializer of its action."""


def child_serializer(model: type[Action], name: str) -> type[ChildSerializer]:
    """``position`` is not a field of the API: the order of the list says it."""
    relation = _relation(model, name)
    child = relation.related_model
    hidden = {relation.field.name, child._meta.pk.name, "position"}
    shown = [field.name for field in child._meta.concrete_fields if field.editable and field.name not in hidden]
    members = {"Meta": type("Meta", (), {"model": child, "fields": shown}), "__doc__": child.__doc__}
    return type(f"{child.__name__}Serializer", (ChildSerializer,), members)


def _rows(action: Action, name: str, items: list[dict[str, Any]]) -> list[models.Model]:
    relation = _relation(action, name)
    rows = [relation.related_model(**item, **{relation.field.name: action}) for item in items]
    for position, row in enumerate(rows):
        if hasattr(row, "position"):
            row.position = position
    return rows


def _row_errors(action: Action, name: str, rows: list[models.Model]) -> dict[int, Any]:
    relation = _relation(action, name)
    errors = {position: column_errors(row, exclude=[relation.field.name]) for position, row in enumerate(rows)}
    twice: dict[int, Any] = {}
    for names in _unique_together(relation):
        given = [(at, row) for at, row in enumerate(rows) if all(getattr(row, name) is not None for name in names)]
        found = repeated([row for _at, row in given], key=_key_of(names))
        twice |= {given[position][0]: each for position, each in found.items()}
    return {**twice, **{position: each for position, each in errors.items() if each}}


def _key(relation: Any) -> Key:
    """What tells the rows of one action apart: their unique constraints; without any, nothing does."""
    names = [name for names in _unique_together(relation) for name in names]
    return _key_of(names) if names else id


def _key_of(names: list[str]) -> Key:
    return lambda row: tuple(getattr(row, name) for name in names)


def _unique_together(relation: Any) -> list[list[str]]:
    """The columns, besides the foreign key, of each constraint that makes rows of one action differ."""
    return [
        [name for name in constraint.fields if name != relation.field.name]
        for constraint in relation.related_model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and relation.field.name in constraint.fields
    ]


def _relation(model: Action | type[Action], name: str) -> Any:
    """The reverse side of the foreign key that leads from the rows to their action."""
    return model._meta.get_field(name)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
