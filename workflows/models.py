"""Workflows as people draw them. An action points at one; a release freezes its graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import ScopedManager

from accounts.models import Account
from actions.contract import Moment
from actions.registry import import_kinds
from workflows.graph import GraphError, check_graph, default_graph


class Workflow(models.Model):
    """A graph that actions run. Changing it touches no call until an agent that uses it is published."""

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=gettext_lazy("account"), related_name="workflows")
    name = models.CharField(gettext_lazy("name"), max_length=100)
    description = models.TextField(gettext_lazy("description"), blank=True)
    graph = models.JSONField(
        gettext_lazy("graph"),
        default=default_graph,
        help_text=gettext_lazy("The steps and the connections between them, as JSON."),
    )
    version = models.PositiveIntegerField(gettext_lazy("version"), default=1, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=gettext_lazy("changed by"),
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    created_at = models.DateTimeField(gettext_lazy("created"), auto_now_add=True)
    updated_at = models.DateTimeField(gettext_lazy("last change"), auto_now=True)

    objects: ClassVar[models.Manager[Workflow]] = ScopedManager(account="account")

    class Meta:
        verbose_name = gettext_lazy("workflow")
        verbose_name_plural = gettext_lazy("workflows")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="workflows_name_once_per_account",
                violation_error_message=gettext_lazy("Another workflow has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Each save is a version of its own, whoever else saves at the same time."""
        with transaction.atomic():
            if not self._state.adding:
                stored = Workflow.objects.select_for_update().filter(pk=self.pk).values_list("version", flat=True)
                self.version = (stored.first() or 0) + 1
                if kwargs.get("update_fields") is not None:
                    kwargs["update_fields"] = {*kwargs["update_fields"], "version"}
            super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if errors := check_graph(self.graph):
            raise ValidationError({"graph": self.sentences(errors)})

    def check_for(self, moment: Moment | str, flat_names: Iterable[str]) -> list[GraphError]:
        """All that keeps the workflow from running at ``moment`` with these names to begin with."""
        return check_graph(self.graph, moment, flat_names=flat_names)

    def sentences(self, errors: list[GraphError]) -> list[str]:
        """``errors`` for people: each names the step and the field."""
        nodes = self.graph.get("nodes") if isinstance(self.graph, dict) else None
        nodes = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
        titles = {str(node.get("id")): node.get("title") for node in nodes}
        return [_sentence(error, titles.get(str(error.node_id)) or error.node_id) for error in errors]


def _sentence(error: GraphError, title: str | None) -> str:
    facts = {"title": title, "field": error.field, "problem": error.message}
    if title and error.field:
        return _("Step “%(title)s”, %(field)s: %(problem)s") % facts
    if title:
        return _("Step “%(title)s”: %(problem)s") % facts
    return f"{error.field}: {error.message}" if error.field else error.message


import_kinds("workflows.kinds")
