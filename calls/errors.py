"""What can be wrong with a runtime's request."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.problems import Problem


class UnknownAgent(Problem):
    status = 404
    code = "unknown_agent"
    title = gettext_lazy("Unknown agent")


class UnpublishedAgent(Problem):
    status = 409
    code = "unpublished_agent"
    title = gettext_lazy("The agent is not published")


class WrongDirection(Problem):
    status = 422
    code = "wrong_direction"
    title = gettext_lazy("The agent does not take calls in this direction")


class UnknownCall(Problem):
    status = 404
    code = "unknown_call"
    title = gettext_lazy("Unknown call")


class UnknownAction(Problem):
    status = 404
    code = "unknown_action"
    title = gettext_lazy("Unknown action")


class InvalidArguments(Problem):
    status = 422
    code = "invalid_arguments"
    title = gettext_lazy("The arguments do not fit the tool")


class CallEnded(Problem):
    status = 409
    code = "call_ended"
    title = gettext_lazy("The call has ended")


class ConflictingRepeat(Problem):
    """A request with a known id says something else than the first one did."""

    status = 409
    code = "conflicting_repeat"
    title = gettext_lazy("The same id was used for another request")

    def __init__(self, field: str) -> None:
        message = _("A different request with this id was answered already.")
        super().__init__(message, fields=[(field, message)])


class StillRunning(Problem):
    """The first request with this id has no answer yet, and none came while we waited."""

    status = 409
    code = "still_running"
    title = gettext_lazy("The first request with this id is still running")


class Overloaded(Problem):
    """As many calls are being answered as may be at once, in this process or for this account."""

    status = 503
    code = "overloaded"
    title = gettext_lazy("Too many calls at once")
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__(gettext_lazy("No further one is taken on until one of them is answered."))


def invalid_arguments(errors: Iterable[tuple[str, str]]) -> InvalidArguments:
    return InvalidArguments(_("See the fields."), fields=errors)


def unknown_action(release_number: int) -> UnknownAction:
    message = _("Version %(number)d of the agent, which this call began with, has no such action during the call.")
    return UnknownAction(fields=[("name", message % {"number": release_number})])
