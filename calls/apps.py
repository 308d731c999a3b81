from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    name = "calls"
    verbose_name = _("Calls")

    def ready(self) -> None:
        from actions import past_calls
        from actions.announcements import show_calls_by
        from calls.api.showing import shown_call
        from calls.of_contacts import calls_with
        from calls.past import PastCallsOfAccount
        from contacts import history

        history.register(calls_with)
        show_calls_by(shown_call)
        past_calls.provide(PastCallsOfAccount())
