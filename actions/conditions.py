"""“Only if the call got one of these labels”: within one classification any label does; several classifications all
must hold, or any of them, as the editor chose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict

from actions.contract import JSON

if TYPE_CHECKING:
    from actions.models import Action, Label


class LabelsMatch(TextChoices):
    """How the conditions of several classifications combine."""

    ALL = "all", gettext_lazy("All of them must fit")
    ANY = "any", gettext_lazy("One that fits is enough")


class OnFailure(TextChoices):
    """What becomes of the after-actions that follow one that fails."""

    CONTINUE = "continue", gettext_lazy("Continue with the next action")
    STOP = "stop", gettext_lazy("Stop: the next actions wait for it")


AFTER_FIELDS = ("labels", "labels_match", "on_failure")
"""Columns of an action that mean something after the call only."""

AFTER_ONLY = gettext_lazy("Only an action after the call can have this.")


class Condition(BaseModel):
    """The call's label of ``classifier`` must be one of ``labels``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    classifier: str
    labels: tuple[str, ...]

    def holds(self, classifications: Mapping[str, JSON]) -> bool:
        """``classifications`` maps names of classifiers to labels; capitals count, spaces around do not."""
        return _given(classifications, self.classifier) in {label.strip() for label in self.labels}

    def in_words(self) -> str:
        return _sentence(self.classifier, self.labels)


class Conditions(BaseModel):
    """All that decides whether an after-action runs; without any, it always does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conditions: tuple[Condition, ...] = ()
    match: LabelsMatch = LabelsMatch.ALL

    def hold(self, classifications: Mapping[str, JSON]) -> bool:
        if not self.conditions:
            return True
        enough = all if self.match == LabelsMatch.ALL else any
        return enough(condition.holds(classifications) for condition in self.conditions)

    def why_not(self, classifications: Mapping[str, JSON]) -> str:
        """Why the action does not run, in a sentence; '' when it does."""
        if self.hold(classifications):
            return ""
        names = [condition.classifier for condition in self.conditions]
        given = [_sentence(name, [label] if (label := _given(classifications, name)) else []) for name in names]
        text = _("It runs only if %(rule)s. In this call, %(given)s.")
        return text % {"rule": self.in_words(), "given": _joined(given, LabelsMatch.ALL)}

    def in_words(self) -> str:
        """“Reason” is refund or complaint, and “Mood” is angry; '' when there is nothing to fulfil."""
        return _joined([condition.in_words() for condition in self.conditions], self.match)


ALWAYS = Conditions()


def conditions_of(action: Action) -> Conditions:
    """One condition for each classifier among the row's labels. ``labels__classifier`` had better be fetched."""
    pairs = sorted((label.classifier.name, label.name) for label in action.labels.all())
    found = tuple(
        Condition(classifier=classifier, labels=tuple(name for _classifier, name in group))
        for classifier, group in groupby(pairs, key=lambda pair: pair[0])
    )
    return Conditions(conditions=found, match=LabelsMatch(action.labels_match))


def label_errors(labels: Iterable[Label], agent_id: int) -> list[str]:
    """An action about one agent's calls cannot depend on another agent's labels."""
    return [
        _("The label “%(label)s” belongs to another agent.") % {"label": label}
        for label in labels
        if label.classifier.agent_id != agent_id
    ]


def _given(classifications: Mapping[str, JSON], classifier: str) -> str:
    wanted = classifier.strip()
    return next((str(label or "").strip() for name, label in classifications.items() if name.strip() == wanted), "")


def _sentence(classifier: str, labels: Iterable[str]) -> str:
    names = list(labels)
    if not names:
        return _("“%(classifier)s” has no label") % {"classifier": classifier}
    text = reduce(lambda first, last: _("%(first)s or %(last)s") % {"first": first, "last": last}, names)
    return _("“%(classifier)s” is %(labels)s") % {"classifier": classifier, "labels": text}


def _joined(sentences: list[str], match: LabelsMatch) -> str:
    if not sentences:
        return ""

    def join(first: str, last: str) -> str:
        both = _("%(first)s, and %(last)s") if match == LabelsMatch.ALL else _("%(first)s, or %(last)s")
        return both % {"first": first, "last": last}

    return reduce(join, sentences)
