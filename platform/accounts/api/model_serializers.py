"""Serializers of configuration rows: what the admin's forms would refuse is refused here, field by field."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from accounts.api.fields import StrictMixin
from accounts.problems import Problem

M = TypeVar("M", bound=models.Model)

Errors = dict[str, Any]
"""Sentences by field; deeper structures for the rows that hang on it."""

LARGEST_SMALL = 32_767
WHOLE = "non_field_errors"


class ChangedMeanwhile(Problem):
    """Two requests wrote the same thing at once; the database let one through."""

    status = 409
    code = "changed_meanwhile"
    title = gettext_lazy("Somebody changed the same thing at the same moment; try again")


class CleanModelSerializer(StrictMixin, serializers.ModelSerializer[M]):
    """Cleans a row as a whole before it is saved, and saves it with what hangs on it in one transaction.

    A member left out of a PUT goes back to its default: a PUT replaces. ``relations`` are the members that
    are no columns of the row; subclasses clean and save them.
    """

    def new_instance(self) -> M:
        """An unsaved row with what the address says already: its account, its agent."""
        model: type[M] = self.Meta.model
        return model()

    def clean_relations(self, instance: M, relations: dict[str, Any]) -> Errors:
        """What is wrong with ``relations``, whose values may be replaced by the rows to save."""
        return {}

    def save_relations(self, instance: M, relations: dict[str, Any]) -> None:
        for name, value in relations.items():
            getattr(instance, name).set(value)

    def create(self, validated_data: dict[str, Any]) -> M:
        return self._store(self.new_instance(), validated_data)

    def update(self, instance: M, validated_data: dict[str, Any]) -> M:
        return self._store(instance, validated_data)

    def get_validators(self) -> list[Any]:
        """None of DRF's own: the model's constraints are checked with the rest of the model."""
        return []

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        field_class, options = super().build_standard_field(field_name, model_field)
        if isinstance(model_field, models.PositiveSmallIntegerField):
            # On SQLite, too: a configuration fits every database.
            options["max_value"] = min(options.get("max_value", LARGEST_SMALL), LARGEST_SMALL)
        if options.get("required") is False and not options.get("read_only"):
            del options["required"]
            options["default"] = _default_of(model_field)
        return field_class, options

    def _store(self, instance: M, data: dict[str, Any]) -> M:
        own = {field.name for field in instance._meta.concrete_fields}
        relations = {name: value for name, value in data.items() if name not in own}
        for name in own & data.keys():
            setattr(instance, name, data[name])
        errors = {**row_errors(instance, shown=self.fields), **self.clean_relations(instance, relations)}
        if errors:
            raise serializers.ValidationError(errors)
        try:
            with transaction.atomic():
                instance.save()
                self.save_relations(instance, relations)
        except IntegrityError as error:
            raise ChangedMeanwhile from error
        return instance


def row_errors(instance: models.Model, *, shown: Collection[str], exclude: Iterable[str] = ()) -> Errors:
    """What ``full_clean`` finds, each at a field that the client can see."""
    errors = column_errors(instance, exclude=exclude)
    for model, constraints in instance.get_constraints():
        for constraint in constraints:
            field = _blamed(constraint, shown)
            if field in errors:
                continue
            try:
                constraint.validate(model, instance)
            except ModelError as error:
                errors[field] = error.messages
    return errors


def column_errors(instance: models.Model, *, exclude: Iterable[str] = ()) -> Errors:
    """What ``full_clean`` finds without looking at other rows; values are normalised as the model does."""
    hidden = {field.name for field in instance._meta.concrete_fields if not field.editable}
    found: dict[str, Any] = {}
    try:
        instance.full_clean(exclude={*hidden, *exclude}, validate_unique=False, validate_constraints=False)
    except ModelError as error:
        found = error.update_error_dict(found)
    return {
        WHOLE if name == NON_FIELD_ERRORS else name: [text for error in each for text in error.messages]
        for name, each in found.items()
    }


def _blamed(constraint: models.BaseConstraint, shown: Collection[str]) -> str:
    """The field that a client can change to satisfy the constraint."""
    if not isinstance(constraint, models.UniqueConstraint):
        return WHOLE
    condition: Any = constraint.condition
    tested = [child[0] for child in condition.children] if condition else []
    names = [name for name in (*tested, *constraint.fields) if name in shown]
    return names[-1] if names else WHOLE


def _default_of(model_field: Any) -> Any:
    """A callable for lists and dicts: each request gets its own."""
    if callable(model_field.default):
        return model_field.get_default
    default = model_field.get_default()
    return default.value if isinstance(default, Enum) else default
