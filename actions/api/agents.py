"""Agents: what they are called, the numbers they answer, and the questions asked of their finished calls."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.model_serializers import CleanModelSerializer, Errors, row_errors
from accounts.api.viewsets import ConfigurationViewSet, InUse
from actions.api.children import repeated, replace
from actions.api.serializers import ReferencesMixin
from actions.classification import rule_errors
from actions.models import Agent, AgentNumber, Classifier, CollectedField, Label
from actions.phones import validate_e164
from actions.releases import draft_digest

MOST_NUMBERS = 1000


def _name(row: Any) -> str:
    name: str = row["name"] if isinstance(row, dict) else row.name
    return name


class LabelSerializer(CleanModelSerializer[Label]):
    """One answer of a classifier."""

    class Meta:
        model = Label
        fields = ["name", "description", "rule", "is_default"]

    def validate_rule(self, rule: str) -> str:
        if errors := rule_errors(rule):
            raise serializers.ValidationError(errors)
        return rule


class CollectedFieldSerializer(CleanModelSerializer[CollectedField]):
    """Information looked for in each finished call; it becomes the call's parameter of this name."""

    class Meta:
        model = CollectedField
        fields = ["name", "description", "type"]


class ClassifierSerializer(CleanModelSerializer[Classifier]):
    """A question asked of each finished call. The label given to the main one is the call's disposition.

    Rules are judged in the order of the list; the first that holds gives its label.
    """

    labels = LabelSerializer(many=True, default=list)

    class Meta:
        model = Classifier
        fields = ["name", "description", "is_main", "labels"]


class NumbersField(serializers.ListField):
    """Numbers in E.164, in the order in which they are stored."""

    child = serializers.CharField(max_length=16, validators=[validate_e164])

    def to_representation(self, data: Any) -> list[str]:
        return [row.number for row in data.all()]


class AgentSummarySerializer(ReferencesMixin, CleanModelSerializer[Agent]):
    """An agent as lists show it."""

    numbers = NumbersField(default=list, max_length=MOST_NUMBERS, help_text="Phone numbers answered, in E.164.")
    published_release = serializers.IntegerField(
        source="current_release.number", read_only=True, allow_null=True, help_text="Number of the published version."
    )

    class Meta:
        model = Agent
        fields = [
            *("slug", "name", "language", "time_zone", "opening_hours", "direction", "numbers"),
            *("published_release", "created_at"),
        ]
        read_only_fields = ["created_at"]


class AgentSerializer(AgentSummarySerializer):
    """Lists are replaced as a whole. Classifiers and labels keep their identity as long as they keep their name."""

    classifiers = ClassifierSerializer(many=True, default=list)
    collected_fields = CollectedFieldSerializer(many=True, default=list)
    has_unpublished_changes = serializers.SerializerMethodField()

    class Meta(AgentSummarySerializer.Meta):
        fields = [
            *AgentSummarySerializer.Meta.fields,
            "classifiers",
            "collected_fields",
            "analysis_model",
            "analysis_wait_s",
            "has_unpublished_changes",
        ]

    def get_has_unpublished_changes(self, agent: Agent) -> bool:
        return agent.current_release is None or draft_digest(agent) != agent.current_release.digest

    def validate_classifiers(self, classifiers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        errors: dict[Any, Any] = dict(repeated(classifiers, key=_name))
        for position, classifier in enumerate(classifiers):
            if labels := repeated(classifier["labels"], key=_name):
                errors[position] = {"labels": labels}
            elif sum(label["is_default"] for label in classifier["labels"]) > 1:
                errors[position] = {"labels": [_("Only one label can be the one of calls that get no other.")]}
        if errors:
            raise serializers.ValidationError(errors)
        if sum(classifier["is_main"] for classifier in classifiers) > 1:
            raise serializers.ValidationError(_("Only one classification can be the main one."))
        return classifiers

    def validate_collected_fields(self, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
        errors: dict[Any, Any] = dict(repeated(fields, key=_name))
        if errors:
            raise serializers.ValidationError(errors)
        return fields

    def new_instance(self) -> Agent:
        return Agent(account=self.context["view"].account)

    def clean_relations(self, instance: Agent, relations: dict[str, Any]) -> Errors:
        numbers = relations["numbers"] = [_number(instance, number) for number in relations["numbers"]]
        errors = repeated(numbers, key=_number_of)
        for position, row in enumerate(numbers):
            for texts in row_errors(row, shown=["number"], exclude=["agent"]).values():
                errors.setdefault(position, texts)
        return {"numbers": errors} if errors else {}

    def save_relations(self, instance: Agent, relations: dict[str, Any]) -> None:
        replace(instance.numbers, relations["numbers"], key=_number_of)
        _save_classifiers(instance, relations["classifiers"])
        wanted = enumerate(relations["collected_fields"])
        rows = [CollectedField(agent=instance, position=position, **each) for position, each in wanted]
        replace(instance.collected_fields, rows, key=_name)


def _number_of(row: AgentNumber) -> str:
    return row.number


def _number(agent: Agent, number: str) -> AgentNumber:
    """The row that the agent has for the number already, or a new one."""
    known = agent.pk and AgentNumber.objects.filter(agent=agent, number=number).first()
    return known or AgentNumber(agent=agent, account=agent.account, number=number)


def _save_classifiers(agent: Agent, wanted: list[dict[str, Any]]) -> None:
    _refuse_to_drop_used_labels(agent, {(each["name"], label["name"]) for each in wanted for label in each["labels"]})
    labels = {each["name"]: each["labels"] for each in wanted}
    columns = [{name: value for name, value in each.items() if name != "labels"} for each in wanted]
    rows = [Classifier(agent=agent, **each) for each in columns]
    for classifier in replace(agent.classifiers, rows, key=_name):
        given = enumerate(labels[classifier.name])
        rows_of_labels = [Label(classifier=classifier, position=position, **label) for position, label in given]
        replace(classifier.labels, rows_of_labels, key=_name)


def _refuse_to_drop_used_labels(agent: Agent, kept: set[tuple[str, str]]) -> None:
    """An email that waits for a label would, without it, be sent after every call. Raises InUse."""
    labels = Label.objects.filter(classifier__agent=agent).select_related("classifier")
    dropped = [label for label in labels if (label.classifier.name, label.name) not in kept]
    relations: list[Any] = [*Label._meta.get_fields(include_hidden=True)]
    for field in relations:
        if not (field.many_to_many and field.auto_created):
            continue
        users = field.related_model._default_manager.filter(**{f"{field.field.name}__in": dropped})
        if user := users.first():
            text = _("The action “%(name)s” needs a label that is missing here: take it out there first.")
            raise InUse(fields=[("classifiers", text % {"name": user})])


TAG = ["Agents"]


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List agents"),
    create=extend_schema(tags=TAG, summary="Create an agent"),
    retrieve=extend_schema(tags=TAG, summary="An agent"),
    update=extend_schema(tags=TAG, summary="Replace an agent"),
    partial_update=extend_schema(tags=TAG, summary="Change an agent"),
    destroy=extend_schema(tags=TAG, summary="Delete an agent", description="Refused with 409 as long as it has calls."),
)
class AgentsViewSet(ConfigurationViewSet[Agent]):
    """Editing touches no call until the agent is published (``POST agents/{slug}/releases``)."""

    queryset = Agent.objects.none()
    lookup_field = "slug"
    lookup_value_regex = r"[-\w]{1,63}"
    serializer_class = AgentSerializer

    def get_queryset(self) -> models.QuerySet[Agent]:
        return (
            super()
            .get_queryset()
            .select_related("account", "current_release", "opening_hours", "analysis_model")
            .prefetch_related("numbers", "classifiers__labels", "collected_fields")
        )

    def get_serializer_class(self) -> Any:
        return AgentSummarySerializer if self.action == "list" else AgentSerializer
