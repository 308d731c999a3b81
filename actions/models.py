"""What people configure: agents, their actions, and the releases that calls run on."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account, Language, TimeZoneField
from actions.classification import rule_errors
from actions.collected import CollectedField
from actions.conditions import AFTER_FIELDS, AFTER_ONLY, LabelsMatch, OnFailure
from actions.contract import Kind, Moment
from actions.phones import validate_e164
from actions.registry import import_kinds, kinds

__all__ = ["Action", "Agent", "AgentNumber", "Classifier", "CollectedField", "Direction", "Label", "Release"]

ACTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
LONGEST_ANALYSIS_WAIT_S = 3600


class Direction(models.TextChoices):
    INBOUND = "inbound", _("Inbound")
    OUTBOUND = "outbound", _("Outbound")
    BOTH = "both", _("Inbound and outbound")


class Agent(models.Model):
    """A voice agent, as far as its actions go. Editing it touches no call until it is published."""

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="agents")
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(
        _("short name"), max_length=63, help_text=_("Names the agent in the API. Small letters, digits and hyphens.")
    )
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.FRENCH)
    time_zone = TimeZoneField(_("time zone"))
    opening_hours = models.ForeignKey(
        "schedules.Schedule",
        models.RESTRICT,
        verbose_name=_("opening hours"),
        related_name="agents",
        null=True,
        blank=True,
        help_text=_("What {{ open.now }} and {{ open.sentence }} speak of in this agent’s texts. Empty: always open."),
    )
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, default=Direction.INBOUND)
    analysis_model = models.ForeignKey(
        "outbound.ChatConnection",
        models.RESTRICT,
        verbose_name=_("language model of the analysis"),
        related_name="agents",
        null=True,
        blank=True,
        help_text=_(
            "Gives finished calls the labels, the summary and the information that neither the telephone system nor "
            "a rule has given. Empty: nobody is asked."
        ),
    )
    analysis_wait_s = models.PositiveSmallIntegerField(
        _("wait for the analysis of the telephone system (s)"),
        default=0,
        validators=[MaxValueValidator(LONGEST_ANALYSIS_WAIT_S)],
        help_text=_(
            "Some telephone systems tell what they found out in a call a while after its end (event call.analyzed). "
            "Actions after the call wait for it this long. 0: they do not wait."
        ),
    )
    current_release = models.ForeignKey(
        "actions.Release",
        models.SET_NULL,
        verbose_name=_("published version"),
        related_name="+",
        null=True,
        blank=True,
        editable=False,
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[models.Manager[Agent]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "slug"],
                name="actions_agent_slug",
                violation_error_message=_("Another agent has this short name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class AgentNumber(models.Model):
    """A number that the agent answers."""

    account = models.ForeignKey(Account, models.CASCADE, editable=False, related_name="+")
    agent = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("agent"), related_name="numbers")
    number = models.CharField(
        _("phone number"), max_length=16, validators=[validate_e164], help_text=_("For example +33199000001.")
    )

    objects: ClassVar[models.Manager[AgentNumber]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("number answered")
        verbose_name_plural = _("numbers answered")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="actions_number_answered_once")]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.account_id = self.agent.account_id
        super().save(*args, **kwargs)

    def clean(self) -> None:
        taken = AgentNumber.objects.filter(account=self.agent.account_id, number=self.number).exclude(pk=self.pk)
        if taken.exists():
            raise ValidationError({"number": _("Another agent answers this number already.")})


class Classifier(models.Model):
    """A question asked of each finished call; its labels are the possible answers."""

    agent = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("agent"), related_name="classifiers")
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True, help_text=_("Tells how to choose the label."))
    is_main = models.BooleanField(_("main qualifier"), default=False)

    objects: ClassVar[models.Manager[Classifier]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = _("classification")
        verbose_name_plural = _("classifications")
        ordering = ["-is_main", "name"]
        constraints = [
            models.UniqueConstraint(fields=["agent", "name"], name="actions_classifier_name"),
            models.UniqueConstraint(
                fields=["agent"],
                condition=models.Q(is_main=True),
                name="actions_one_main_classifier",
                violation_error_message=_("This agent has a main qualifier already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Label(models.Model):
    """One answer of a classifier."""

    classifier = models.ForeignKey(Classifier, models.CASCADE, verbose_name=_("classification"), related_name="labels")
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    rule = models.CharField(
        _("rule"),
        max_length=1000,
        blank=True,
        help_text=_(
            "An expression, for example: 'résili' in interaction.TRANSCRIPT. The first label whose rule holds is given."
        ),
    )
    is_default = models.BooleanField(
        _("otherwise"), default=False, help_text=_("The label of calls that get no other.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects: ClassVar[models.Manager[Label]] = ScopedManager(account="classifier__agent__account")

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ["classifier", "position", "name"]
        constraints = [models.UniqueConstraint(fields=["classifier", "name"], name="actions_label_name")]

    def __str__(self) -> str:
        return f"{self.classifier.name} : {self.name}"

    def clean(self) -> None:
        if errors := rule_errors(self.rule):
            raise ValidationError({"rule": errors})


class Action(models.Model):
    """One configured row of a kind, on an agent, for a moment. Each kind adds its own columns."""

    agent = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("agent"), related_name="actions")
    moment = models.CharField(_("moment"), max_length=6, choices=Moment.choices)
    kind = models.CharField(_("kind of action"), max_length=20, editable=False)
    name = models.CharField(
        _("name"),
        max_length=63,
        validators=[
            RegexValidator(
                re.compile(rf"^{ACTION_NAME.pattern}\Z"),
                _("Use 1 to 63 letters without accents, digits, hyphens and underscores."),
            )
        ],
        help_text=_(
            "Letters without accents, digits, - and _. "
            "During the call, the language model calls the action by this name."
        ),
    )
    description = models.TextField(
        _("description"),
        blank=True,
        help_text=_("Tells the agent when and why to use the action. Empty: the default text, where there is one."),
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Actions of one moment run in this order.")
    )
    labels = models.ManyToManyField(
        Label,
        verbose_name=_("only if the call got one of these labels"),
        related_name="+",
        blank=True,
        help_text=_("None: after every call. Several labels of one classification: any of them."),
    )
    labels_match = models.CharField(
        _("several classifications"), max_length=3, choices=LabelsMatch.choices, default=LabelsMatch.ALL
    )
    on_failure = models.CharField(
        _("if it fails"),
        max_length=8,
        choices=OnFailure.choices,
        default=OnFailure.CONTINUE,
        help_text=_(
            "An action that fails is tried again for hours. “Stop”: the ones after it wait until it has succeeded, and "
            "are skipped if it is given up."
        ),
    )
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[Action]] = ScopedManager(account="agent__account")

    # Set by each kind's model.
    KIND: str = ""

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        ordering = ["agent", "moment", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "name"],
                name="actions_name_once_per_agent",
                violation_error_message=_("This agent has an action of this name already."),
            ),
            models.UniqueConstraint(
                fields=["agent"],
                condition=models.Q(kind="hang_up"),
                name="actions_one_hang_up_per_agent",
                violation_error_message=_("This agent has a hang-up action already; change that one."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.kind:
            self.kind = self.KIND
        super().save(*args, **kwargs)

    @property
    def kind_object(self) -> Kind[Any]:
        return kinds.get(self.kind or self.KIND)

    @property
    def configured(self) -> Action:
        """This row as its kind's own model."""
        model = self.kind_object.model
        return self if isinstance(self, model) else model.objects.get(pk=self.pk)

    def clean(self) -> None:
        super().clean()
        if not (self.kind or self.KIND):
            return
        kind = self.kind_object
        self.kind = kind.name
        if self.moment and self.moment not in kind.moments:
            raise ValidationError({"moment": _("This kind of action does not exist at that moment of the call.")})
        if self.moment != Moment.AFTER and (set_ := self.after_fields_set()):
            raise ValidationError(dict.fromkeys(set_, AFTER_ONLY))

    def after_fields_set(self) -> list[str]:
        """Those of ``AFTER_FIELDS`` that are not as they are by default, ``labels`` apart, which only a row has."""
        defaults = {name: self._meta.get_field(name).get_default() for name in AFTER_FIELDS if name != "labels"}  # type: ignore[union-attr]
        return [name for name, default in defaults.items() if getattr(self, name) != default]


class Release(models.Model):
    """An immutable, numbered snapshot of an agent's configuration. Calls pin the one they began with."""

    agent = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("agent"), related_name="releases")
    number = models.PositiveIntegerField(_("number"))
    snapshot = models.JSONField(_("content"))
    digest = models.CharField(max_length=64)
    note = models.CharField(_("note"), max_length=200, blank=True)
    rolled_back_to = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("goes back to"), related_name="+", null=True, blank=True
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("published by"),
        null=True,
        blank=True,
        related_name="+",
    )
    published_at = models.DateTimeField(_("published"), auto_now_add=True)

    objects: ClassVar[models.Manager[Release]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = _("published version")
        verbose_name_plural = _("published versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["agent", "number"], name="actions_release_number")]

    def __str__(self) -> str:
        return f"{self.agent} v{self.number}"


import_kinds("actions.kinds")
