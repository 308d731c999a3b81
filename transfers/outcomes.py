"""What became of a transfer, in words that the model can act on and that never claim more than is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from actions.contract import JSON
from schedules.hours import OpenState
from schedules.names import open_names
from schedules.words import sentence
from transfers.attempts import UNANSWERED, Attempt, Hunt
from transfers.hunting import Skipped


def requested(hunt: Hunt) -> dict[str, JSON]:
    """The result at the moment at which nothing but the order has been given. Here as below: in the active language."""
    return {
        "status": "requested",
        "destination": names_of(hunt.current),
        "attempt": hunt.current.attempt,
        "message": _requested_sentence(hunt),
    }


def result_of(hunt: Hunt, *, say: str, is_news: bool = True) -> dict[str, JSON]:
    """The tool result that the last report makes true. ``say``: what the agent tells a caller it could not connect."""
    attempt = hunt.current
    result: dict[str, JSON] = {
        "status": hunt.status,
        "destination": names_of(attempt),
        "attempt": attempt.attempt,
        "message": _sentence(hunt),
        "attempts": [_attempt_json(each) for each in hunt.attempts],
    }
    if hunt.skipped:
        result["not_rung"] = [{"destination": each.name, "reason": each.why} for each in hunt.skipped]
    if attempt.sip_code is not None:
        result["sip_code"] = attempt.sip_code
    if not is_news:
        result["ignored"] = True
    if say and hunt.status in UNANSWERED:
        result["say"] = say
        result["message"] += " " + _("Tell the caller: “%(text)s”") % {"text": say}
    return result


def already(hunt: Hunt) -> dict[str, JSON]:
    """For a model that asks for a transfer while one is under way."""
    who = {"destination": names_of(hunt.current)}
    return {
        "status": hunt.status,
        **who,
        "attempt": hunt.current.attempt,
        "message": _("A transfer is under way already: %(destination)s. Nobody has answered yet; wait for its result.")
        % who,
    }


def being_requested() -> dict[str, JSON]:
    """For a model that asks twice in one breath."""
    return {
        "status": "requested",
        "message": _("A transfer of this call is being requested at this very moment; wait for its result."),
    }


def closed(state: OpenState, at: datetime, language: str) -> dict[str, JSON]:
    """The transfer as a whole is closed."""
    return {
        "status": "closed",
        "open": open_names(state, at, language),
        "message": _(
            "Nobody can be reached now: %(hours)s. The call is not transferred; say so, and offer another way."
        )
        % {"hours": sentence(state, at, language)},
    }


def nobody(skipped: Sequence[Skipped], at: datetime, language: str) -> dict[str, JSON]:
    """Whoever could be rung is closed now, some at least; the others cannot be rung at all."""
    states = [each.state for each in skipped if each.state is not None]
    first = min(states, key=lambda state: state.next.timestamp() if state.next else float("inf"))
    reasons = " ".join(_why_not(each, at, language) for each in skipped)
    message = _("The call is not transferred. %(reasons)s Say so, and offer another way.") % {"reasons": reasons}
    return {
        "status": "closed",
        "open": open_names(first, at, language),
        "message": message,
        "not_rung": [{"destination": each.choice.name, "reason": each.why} for each in skipped],
    }


def names_of(attempt: Attempt) -> str:
    return listed([target.name for target in attempt.destinations])


def listed(names: Iterable[str]) -> str:
    return get_text_list(list(names), _("and"))


def _attempt_json(attempt: Attempt) -> dict[str, JSON]:
    shown: dict[str, JSON] = {"destination": names_of(attempt), "outcome": attempt.outcome}
    return shown if attempt.sip_code is None else {**shown, "sip_code": attempt.sip_code}


def _requested_sentence(hunt: Hunt) -> str:
    facts = {"destination": names_of(hunt.current), "seconds": hunt.current.ring_time_s}
    if hunt.rest:
        return _(
            "%(destination)s is being rung; nobody has answered yet. If nobody answers within %(seconds)d seconds, "
            "%(next)s is rung next."
        ) % {**facts, "next": hunt.rest[0].name}
    return (
        _(
            "The call is being transferred to %(destination)s; nobody has answered yet. "
            "If nobody answers within %(seconds)d seconds, the caller comes back to you."
        )
        % facts
    )


def _sentence(hunt: Hunt) -> str:
    attempt = hunt.current
    match hunt.status:
        case "requested":
            return " ".join([*_failures(hunt), _requested_sentence(hunt)])
        case "ringing":
            return _("%(destination)s is ringing. The caller is not connected yet.") % {
                "destination": names_of(attempt)
            }
        case "bridged":
            who = _answered(attempt)
            return _("The caller is connected with %(destination)s. You have left the call.") % {"destination": who}
        case "caller_hung_up":
            return _(
                "The caller hung up before anybody answered. Nobody was connected, and nobody is listening any more."
            )
        case "cancelled":
            return _(
                "The transfer was cancelled before anybody answered. The caller is with you again: ask how to go on."
            )
    back = _("The caller is with you again: say so, and offer another way.")
    return " ".join([*_failures(hunt), *_not_rung(hunt), back])


def _answered(attempt: Attempt) -> str:
    known = [target.name for target in attempt.destinations if target.value == attempt.answered]
    return known[0] if known else names_of(attempt)


def _failures(hunt: Hunt) -> list[str]:
    return [_failure(attempt) for attempt in hunt.attempts if attempt.outcome in UNANSWERED]


def _failure(attempt: Attempt) -> str:
    facts = {"destination": names_of(attempt), "seconds": attempt.ring_time_s}
    match attempt.outcome:
        case "no_answer":
            return _("%(destination)s: nobody answered within %(seconds)d seconds.") % facts
        case "busy":
            return _("%(destination)s: busy.") % facts
        case "rejected":
            return _("%(destination)s: the call was not taken.") % facts
        case "unreachable":
            return _("%(destination)s: cannot be reached.") % facts
    return _("%(destination)s: could not be rung, for a technical reason.") % facts


def _not_rung(hunt: Hunt) -> list[str]:
    """Who would have been rung, too."""
    sentences: list[str] = []
    if hunt.rest:
        rest = {"destinations": listed(target.name for target in hunt.rest)}
        sentences.append(_("There was no time left to ring %(destinations)s.") % rest)
    if shut := [each.name for each in hunt.skipped if each.why == "closed"]:
        sentences.append(_("Closed now: %(destinations)s.") % {"destinations": listed(shut)})
    return sentences


def _why_not(skipped: Skipped, at: datetime, language: str) -> str:
    name = {"destination": skipped.choice.name}
    if skipped.state is not None:
        return _("%(destination)s: %(hours)s.") % {**name, "hours": sentence(skipped.state, at, language)}
    if skipped.why == "loop":
        return _("%(destination)s is where this call came in: it cannot go there.") % name
    return _("%(destination)s cannot be reached.") % name
