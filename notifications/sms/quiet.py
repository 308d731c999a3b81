"""The hours in which nobody is written to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from actions.contract import ActionError, CallContext, Deferred, Moment
from notifications.models import Delivery
from notifications.models.sms import SmsDetails
from notifications.sms.skipping import SkippedError
from schedules.live import hours_of
from schedules.models import Schedule
from schedules.names import open_names


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Messages go out while the schedule is open; without one, always."""

    schedule_id: int | None

    def check(self, context: CallContext, store: Callable[[], Delivery]) -> None:
        """Raises, while it is closed: Deferred after the call, with the message stored; SkippedError during it.

        ActionError where it never opens again, or is gone: rather no message than one in the night.
        """
        if self.schedule_id is None:
            return
        at = timezone.now()
        try:
            state = hours_of(self.schedule_id, context.account_id).state_at(at)
        except Schedule.DoesNotExist as error:
            message = _("The schedule of this action is gone: nobody knows when messages may be sent.")
            raise ActionError(message, code="no_schedule", permanent=True) from error
        if state.now:
            return
        sentence = str(open_names(state, at, context.agent.language)["sentence"])
        if context.moment == Moment.DURING:
            raise SkippedError(
                "closed",
                _("Text messages are not sent at this hour: %(hours)s.") % {"hours": sentence},
                _("Text messages are not sent at this hour. Say so, and offer another way, such as saying it aloud."),
            )
        if state.next is None:
            message = _(
                "Text messages are not sent at this hour, and never again: the schedule does not open any more."
            )
            raise ActionError(message, code="never_open", permanent=True)
        _wait(store(), state.next)
        raise Deferred(state.next, _("Text messages are not sent at this hour: %(hours)s.") % {"hours": sentence})


def _wait(delivery: Delivery, until: datetime) -> None:
    SmsDetails.objects.filter(pk=delivery.pk).update(waits_until=until)
