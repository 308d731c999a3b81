"""What the views of the configuration API share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar, cast

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet, ModelViewSet

from accounts.api.scoping import AccountScoped
from accounts.problems import Problem

M = TypeVar("M", bound=models.Model)

NAMED = 5
"""How many of the rows that stand in the way are named: an agent may have a million calls."""


class InUse(Problem):
    """The row cannot be deleted: others need it."""

    status = 409
    code = "in_use"
    title = gettext_lazy("Still in use")


class ScopedViewSet(AccountScoped, GenericViewSet[M]):
    """``queryset`` only names the model: :meth:`get_queryset` asks the scoped manager, inside the scope.

    Permissions are the project's default: keys by their scope ``config``, members by their role.
    """

    def get_queryset(self) -> models.QuerySet[M]:
        model: Any = cast("Any", self).queryset.model
        return model._default_manager.all()


class ConfigurationViewSet(ScopedViewSet[M], ModelViewSet[M]):
    """List, create, retrieve, update and delete rows of one model."""

    @transaction.atomic
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The row as it would be is judged as a whole, lists and all, as for PUT.

        It is locked while it is: of two people who change different fields at once, neither undoes the other.
        """
        known = self.get_object()
        type(known)._default_manager.select_for_update(of=("self",)).get(pk=known.pk)
        instance = self.get_object()
        changed = request.data
        if isinstance(changed, dict):
            changed = {**self.get_serializer(instance).data, **changed}
        serializer = self.get_serializer(instance, data=changed)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return Response(serializer.data)

    def perform_update(self, serializer: BaseSerializer[M]) -> None:
        instance = serializer.save()
        # What was fetched before is no longer so.
        instance._prefetched_objects_cache = {}  # type: ignore[attr-defined]

    def perform_destroy(self, instance: M) -> None:
        refuse_while_used(instance)
        instance.delete()


def refuse_while_used(instance: models.Model) -> None:
    """Raises InUse when a protecting foreign key leads to the row.

    The database says the same, but only after it has fetched all the rows that are in the way.
    """
    if users := list(islice(_users(instance), NAMED)):
        raise InUse(_("Used by: %(rows)s.") % {"rows": ", ".join(users)})


def _users(instance: models.Model) -> Iterator[str]:
    for relation in instance._meta.related_objects:
        if getattr(relation, "on_delete", None) not in {models.PROTECT, models.RESTRICT}:
            continue
        model: Any = relation.related_model
        for row in model._default_manager.filter(**{relation.field.name: instance})[:NAMED]:
            yield f"{model._meta.verbose_name} {row}"
