"""What is known of a finished call so far, where each part of it comes from, and what is missing still."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from actions.classification import Analysis, PlannedClassifier, PlannedField
from actions.contract import JSON
from actions.expressions.bounds import run_allowance
from actions.expressions.errors import ExpressionError

if TYPE_CHECKING:
    from calls.models import Call


PENDING, DONE = "pending", "done"
ANALYSED_COLUMNS = ("classifications", "summary", "parameters", "analysis")
"""What an analysis changes on a call."""
RULES_CPU_S, RULES_WITHIN_S = 0.5, 5.0
"""Processor time, and time, of all rules of a call together."""


class Source(TextChoices):
    """Who said it, in order of trust."""

    REPORT = "report", _("Telephone system")
    RULE = "rule", _("Rule")
    MODEL = "model", _("Language model")
    DEFAULT = "default", _("Default")


@dataclass(slots=True)
class Findings:
    """``labels``, ``label_sources`` by classifier; ``fields``, ``field_sources`` by name of information.

    ``labels`` starts with all that was reported, known or not.
    """

    analysis: Analysis
    labels: dict[str, str]
    label_sources: dict[str, Source] = field(default_factory=dict)
    summary: str = ""
    summary_source: Source | None = None
    fields: dict[str, JSON] = field(default_factory=dict)
    field_sources: dict[str, Source] = field(default_factory=dict)
    error: str = ""

    @classmethod
    def reported(cls, analysis: Analysis, call: Call) -> Findings:
        """Of what the runtime said. A label that the classifier does not have answers nothing, but stays."""
        labels = {str(name): str(label) for name, label in call.classifications.items()}
        found = cls(analysis, labels)
        for classifier in analysis.classifiers:
            if label := _known_label(classifier, labels):
                found.give_label(classifier.name, label, Source.REPORT)
        if call.summary.strip():
            found.summary, found.summary_source = call.summary, Source.REPORT
        for wanted in analysis.fields:
            if call.parameters.get(wanted.name) is not None:
                found.fields[wanted.name] = call.parameters[wanted.name]
                found.field_sources[wanted.name] = Source.REPORT
        return found

    def give_label(self, classifier: str, label: str, source: Source) -> None:
        wanted = classifier.strip().casefold()
        for spelling in [name for name in self.labels if name.strip().casefold() == wanted]:
            del self.labels[spelling]
        self.labels[classifier] = label
        self.label_sources[classifier] = source

    @property
    def unlabelled(self) -> list[PlannedClassifier]:
        return [each for each in self.analysis.classifiers if each.labels and each.name not in self.label_sources]

    @property
    def missing_fields(self) -> list[PlannedField]:
        return [each for each in self.analysis.fields if each.name not in self.field_sources]

    @property
    def is_complete(self) -> bool:
        return not self.unlabelled and not self.missing_fields and self.summary_source is not None

    def apply_rules(self, scope: Mapping[str, Any]) -> None:
        """The first label of each classifier whose rule holds. A rule that cannot be judged does not hold."""
        with run_allowance(time.monotonic() + RULES_WITHIN_S, RULES_CPU_S):
            for classifier in self.unlabelled:
                label = next((each for each in classifier.labels if each.rule and _holds(each.rule, scope)), None)
                if label is not None:
                    self.give_label(classifier.name, label.name, Source.RULE)

    def apply_defaults(self) -> None:
        for classifier in self.unlabelled:
            if classifier.default:
                self.give_label(classifier.name, classifier.default, Source.DEFAULT)

    def record(self) -> dict[str, JSON]:
        """Where each part comes from, for the call's own record."""
        return {
            "state": DONE,
            "labels": {name: str(source) for name, source in self.label_sources.items()},
            "summary": str(self.summary_source or ""),
            "fields": {name: str(source) for name, source in self.field_sources.items()},
            "error": self.error,
        }


def _known_label(classifier: PlannedClassifier, labels: Mapping[str, str]) -> str:
    """The classifier's own spelling of the label that was reported; '' if it has none like it."""
    wanted = classifier.name.strip().casefold()
    given = next((label.strip() for name, label in labels.items() if name.strip().casefold() == wanted), "")
    names = [label.name for label in classifier.labels]
    return given if given in names else next((name for name in names if name.casefold() == given.casefold()), "")


def _holds(rule: Any, scope: Mapping[str, Any]) -> bool:
    try:
        return bool(rule.holds(scope, []))
    except ExpressionError:
        return False
