from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class SchedulesConfig(AppConfig):
    name = "schedules"
    verbose_name = _("Schedules")

    def ready(self) -> None:
        from schedules import live

        for model in ("Schedule", "WeeklyWindow", "DatedException"):
            for signal in (post_save, post_delete):
                signal.connect(live.known.forget, sender=self.get_model(model), dispatch_uid="schedules.live")
