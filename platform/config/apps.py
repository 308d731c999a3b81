from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class PlatformConfig(AppConfig):
    name = "config"
    verbose_name = _("Platform")

    def ready(self) -> None:
        from config import checks  # noqa: F401  (registers itself)


class TriptyqueAdminConfig(admin_apps.AdminConfig):
    """``django.contrib.admin.site`` is ours: applications register with ``admin.register`` and import nothing here."""

    default = False
    default_site = "config.admin_site.TriptyqueAdminSite"
