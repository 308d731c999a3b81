"""“Only if the call got one of these labels”: within one classification any label does, each classification must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict

from actions.contract import JSON
from actions.models import Label


class Condition(BaseModel):
    """The call's label of ``classifier`` must be one of ``labels``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifier: str
    labels: tuple[str, ...]

    def holds(self, classifications: Mapping[str, JSON]) -> bool:
        """``classifications`` maps names of classifiers to labels; capitals count, spaces around do not."""
        given = {str(name).strip(): str(label).strip() for name, label in classifications.items()}
        return given.get(self.classifier.strip()) in {label.strip() for label in self.labels}


def conditions_of(labels: Iterable[Label]) -> tuple[Condition, ...]:
    """One condition for each classifier among the labels' classifiers."""
    pairs = sorted((label.classifier.name, label.name) for label in labels)
    return tuple(
        Condition(classifier=classifier, labels=tuple(name for _classifier, name in group))
        for classifier, group in groupby(pairs, key=lambda pair: pair[0])
    )


def why_not(conditions: Iterable[Condition], classifications: Mapping[str, JSON]) -> str:
    """Why the call does not match, in a sentence; '' when it does."""
    for condition in conditions:
        if not condition.holds(classifications):
            return _("The call was classified “%(given)s” under “%(classifier)s”; the condition is: %(wanted)s.") % {
                "given": classifications.get(condition.classifier) or _("nothing"),
                "classifier": condition.classifier,
                "wanted": ", ".join(condition.labels),
            }
    return ""


def label_errors(labels: Iterable[Label], agent_id: int) -> list[str]:
    """An email about one agent's calls cannot depend on another agent's labels."""
    return [
        _("The label “%(label)s” belongs to another agent.") % {"label": label}
        for label in labels
        if label.classifier.agent_id != agent_id
    ]
