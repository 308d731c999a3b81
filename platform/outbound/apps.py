from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class OutboundConfig(AppConfig):
    name = "outbound"
    label = "outbound"
    verbose_name = _("Outgoing requests")

    def ready(self) -> None:
        from outbound import allow_list, credentials
        from outbound.chat_connections import profile_uses
        from outbound.usage import register

        allowed_host, profile = self.get_model("AllowedHost"), self.get_model("AuthProfile")
        for signal in (post_save, post_delete):
            signal.connect(allow_list.known.forget, sender=allowed_host, dispatch_uid="outbound.allow_list")
            signal.connect(credentials.known.forget, sender=profile, dispatch_uid="outbound.credentials")
        checks.register(check_allowed_private_hosts)
        register(profile_uses)


def check_allowed_private_hosts(**_options: Any) -> list[checks.CheckMessage]:
    """Every entry of ``OUTBOUND_ALLOWED_PRIVATE_HOSTS`` names a host."""
    from outbound.allow_list import allowed_everywhere
    from outbound.targets import InvalidHost

    try:
        allowed_everywhere()
    except InvalidHost as error:
        return [checks.Error(f"OUTBOUND_ALLOWED_PRIVATE_HOSTS: {str(error)!r} is not a host.", id="outbound.E001")]
    return []
