"""Who a message goes to: checked when published where addresses are literal, when rendered where they are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from actions.contract import JSON, ActionError
from actions.expressions.errors import ExpressionTooLarge
from actions.expressions.templates import Template
from notifications.email.addresses import (
    LONGEST_LIST,
    MOST_RECIPIENTS,
    is_template,
    normalise_address,
    split_rendered,
    split_written,
    without_repeats,
)
from notifications.texts import template_errors


@dataclass(frozen=True, slots=True)
class Recipients:
    """Normalised addresses; no mailbox is there twice."""

    to: list[str]
    cc: list[str]
    bcc: list[str]


def list_errors(text: str, *, required: bool = False) -> list[str]:
    """What is wrong with one field of addresses and templates."""
    if len(text) > LONGEST_LIST:
        return [_("At most %(most)d characters are possible.") % {"most": LONGEST_LIST}]
    entries = split_written(text)
    if required and not entries:
        return [_("Give at least one recipient.")]
    if len(entries) > MOST_RECIPIENTS:
        return [_too_many()]
    return [error for entry in entries for error in _entry_errors(entry)]


def render_recipients(
    to: Sequence[Template],
    cc: Sequence[Template],
    bcc: Sequence[Template],
    scope: Mapping[str, JSON],
    warnings: list[str],
) -> Recipients:
    """Raises ActionError for an address that is none, and when nobody or too many are left."""
    seen: set[str] = set()
    lists = [list(without_repeats(list(_addresses(entries, scope, warnings)), seen)) for entries in (to, cc, bcc)]
    if not lists[0]:
        raise _invalid(_("No recipient is left: the templates in “To” gave no address."))
    if len(seen) > MOST_RECIPIENTS:
        raise _invalid(_too_many())
    return Recipients(*lists)


def render_reply_to(entries: Sequence[Template], scope: Mapping[str, JSON], warnings: list[str]) -> list[str]:
    """Raises ActionError for an address that is none. Nothing is left where the variables are empty."""
    addresses = list(without_repeats(list(_addresses(entries, scope, warnings)), set()))
    if len(addresses) > MOST_RECIPIENTS:
        raise _invalid(_too_many())
    return addresses


def _entry_errors(entry: str) -> list[str]:
    if is_template(entry):
        return template_errors(entry)
    try:
        normalise_address(entry)
    except ValueError:
        return [_not_an_address(entry)]
    return []


def _addresses(entries: Iterable[Template], scope: Mapping[str, JSON], warnings: list[str]) -> Iterable[str]:
    for entry in entries:
        try:
            rendered = entry.render(scope, warnings, max_bytes=LONGEST_LIST)
        except ExpressionTooLarge as error:
            raise _invalid(_too_many()) from error
        for address in [rendered] if entry.is_plain else split_rendered(rendered):
            try:
                yield normalise_address(address)
            except ValueError as error:
                raise _invalid(_not_an_address(address)) from error


def _not_an_address(entry: str) -> str:
    return _("“%(value)s” is not an email address.") % {"value": entry[:200]}


def _too_many() -> str:
    return _("An email goes to %(most)d recipients at most.") % {"most": MOST_RECIPIENTS}


def _invalid(message: str) -> ActionError:
    return ActionError(message, code="invalid_recipient", permanent=True)
