"""What is asked of each finished call: classifiers with their labels, information to collect, who answers, how long
the runtime is waited for. Frozen into releases, compiled into plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.contract import JSON, Moment
from actions.expressions.conditions import Condition
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names

if TYPE_CHECKING:
    from actions.models import Agent


@dataclass(frozen=True, slots=True)
class PlannedLabel:
    """``rule`` None: the label is given by the report or the model only."""

    name: str
    description: str = ""
    rule: Condition | None = None


@dataclass(frozen=True, slots=True)
class PlannedClassifier:
    """``default`` is the label of a call that gets no other, or ''."""

    name: str
    description: str
    is_main: bool
    labels: tuple[PlannedLabel, ...]
    default: str = ""


@dataclass(frozen=True, slots=True)
class PlannedField:
    """``type`` is one of ``actions.collected.FieldType``."""

    name: str
    description: str
    type: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """``model_id`` names the account's chat connection that is asked, None: nobody is; ``wait_s`` is how long the
    runtime has, after its report, to tell what it found out.
    """

    classifiers: tuple[PlannedClassifier, ...] = ()
    fields: tuple[PlannedField, ...] = ()
    model_id: int | None = None
    wait_s: int = 0

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be found out of a finished call, or waited for."""
        return bool(self.classifiers or self.fields or self.wait_s) or self.model_id is not None

    @property
    def main_classifier(self) -> str | None:
        """The one marked as main, else the first: its label is the call's disposition."""
        ordered = sorted(self.classifiers, key=lambda classifier: not classifier.is_main)
        return ordered[0].name if ordered else None


NOTHING = Analysis()


def frozen_analysis(agent: Agent) -> dict[str, JSON]:
    """The parts of a snapshot. Asks the database."""
    return {
        "classifiers": [
            {
                "name": classifier.name,
                "description": classifier.description,
                "is_main": classifier.is_main,
                "labels": [
                    {"name": label.name, "description": label.description, "rule": label.rule.strip()}
                    for label in classifier.labels.all()
                ],
                "default": next((label.name for label in classifier.labels.all() if label.is_default), ""),
            }
            for classifier in agent.classifiers.prefetch_related("labels")
        ],
        "fields": list(agent.collected_fields.values("name", "description", "type")),
        "analysis": {"model": agent.analysis_model_id, "wait_s": agent.analysis_wait_s},
    }


def analysis_problems(frozen: Mapping[str, JSON]) -> list[tuple[str, str]]:
    """(field, sentence) of each rule that cannot be judged after the call."""
    wrong = [
        (f"{classifier['name']} : {label['name']}", text)
        for classifier in frozen["classifiers"]
        for label in classifier["labels"]
        for text in rule_errors(label["rule"])
    ]
    return [("classifiers", _("“%(label)s”: %(error)s") % {"label": label, "error": text}) for label, text in wrong]


def rule_errors(source: str) -> list[str]:
    """What is wrong with the rule of a label; '' is no rule."""
    if not source.strip():
        return []
    try:
        condition = Condition.parse(source)
    except ExpressionError as error:
        return [error.message]
    found = [str(unknown) for unknown in unknown_names(condition.names | condition.optional, Moment.AFTER)]
    given = [name for name in ("interaction.CLASSIFICATIONS", "interaction.DISPOSITION") if _reads(condition, name)]
    late = _("“%(name)s” is what rules are to find out: it is not known yet.")
    return [*found, *(late % {"name": name} for name in given)]


def _reads(condition: Condition, name: str) -> bool:
    return any(each == name or each.startswith(f"{name}.") for each in condition.names | condition.optional)


def compile_analysis(snapshot: Mapping[str, Any]) -> Analysis:
    settings = snapshot.get("analysis", {})
    return Analysis(
        classifiers=tuple(_compile_classifier(each) for each in snapshot["classifiers"]),
        fields=tuple(PlannedField(**each) for each in snapshot.get("fields", [])),
        model_id=settings.get("model"),
        wait_s=settings.get("wait_s", 0),
    )


def _compile_classifier(frozen: Mapping[str, Any]) -> PlannedClassifier:
    labels = tuple(
        PlannedLabel(each["name"], each["description"], Condition.parse(each["rule"]) if each["rule"] else None)
        for each in frozen["labels"]
    )
    return PlannedClassifier(frozen["name"], frozen["description"], frozen["is_main"], labels, frozen["default"])
