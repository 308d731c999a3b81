"""The few destinations that a model chooses between, and the names under which it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _

from transfers.numbers import number_errors

MOST_CHOICES = 50
"""With more of them a model chooses badly; docs/decisions/0004-transfer-destinations.md."""


def choice_errors(phones: Sequence[str]) -> list[str]:
    """What keeps these numbers from being offered."""
    if not phones:
        return [_("Give at least one number to transfer the call to.")]
    if len(phones) > MOST_CHOICES:
        return [
            _("An agent chooses between %(most)d numbers at most; searching longer lists is not possible yet.")
            % {"most": MOST_CHOICES}
        ]
    return [text for phone in phones for text in number_errors(phone)]


def choice_names(destinations: Sequence[tuple[str, str]]) -> list[str]:
    """One name for each (phone, description), all different: the description, or the number where there is none.

    Destinations with one description are told apart by their numbers, which never repeat.
    """
    plain = [" ".join(description.split()) or phone for phone, description in destinations]
    taken = Counter(plain)
    names = [
        f"{name} ({phone})" if taken[name] > 1 and name != phone else name
        for name, (phone, _description) in zip(plain, destinations, strict=True)
    ]
    return names if len(set(names)) == len(names) else [phone for phone, _description in destinations]
