"""The conditions of after-actions, as people read them and tick them."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from actions.conditions import ALWAYS, Conditions, conditions_of
from actions.models import Action, Agent, Label


def rule_in_words(action: Action) -> str:
    return rule_of(conditions_of(action))


def rule_of(conditions: Conditions) -> str:
    words = conditions.in_words()
    return _("Runs only if %(rule)s.") % {"rule": words} if words else _("Runs after every call.")


def live_rule(action: Action | None, agent: Agent | None) -> SafeString:
    """The saved rule; with what the page needs to say it anew whenever a box is ticked."""
    labels = Label.objects.filter(classifier__agent=agent).values_list("pk", "classifier__name", "name")
    phrases = {
        "always": rule_of(ALWAYS),
        "only": _("Runs only if %(rule)s."),
        "is": _("“%(classifier)s” is %(labels)s"),
        "alternative": _("%(first)s or %(last)s"),
        "all": _("%(first)s, and %(last)s"),
        "any": _("%(first)s, or %(last)s"),
    }
    return format_html(
        '<span data-rule data-labels="{}" data-phrases="{}" aria-live="polite">{}</span>',
        json.dumps({pk: [classifier, label] for pk, classifier, label in labels}),
        json.dumps(phrases),
        rule_in_words(action) if action else phrases["always"],
    )


class _ByClassifier(ModelChoiceIterator):
    def __iter__(self) -> Any:
        labels = self.queryset.order_by("classifier__name", "classifier", "name")
        for classifier, rows in groupby(labels, key=lambda label: label.classifier.name):
            yield classifier, [self.choice(row) for row in rows]


class LabelsField(forms.ModelMultipleChoiceField):
    """Labels under the names of their classifiers."""

    iterator = _ByClassifier

    def label_from_instance(self, obj: Label) -> str:
        return obj.name
