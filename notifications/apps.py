from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from anymail.signals import tracking

        from actions import announcements
        from notifications.email.reports import on_report
        from notifications.sms.usage import profile_uses
        from notifications.webhooks import listening, usage
        from outbound.usage import register

        register(usage.profile_uses)
        register(profile_uses)
        announcements.listen(listening.Webhooks())
        tracking.connect(on_report, dispatch_uid="notifications.email")
        subscription = self.get_model("WebhookSubscription")
        for signal in (post_save, post_delete):
            signal.connect(listening.known.forget, sender=subscription, dispatch_uid="notifications.webhooks")
