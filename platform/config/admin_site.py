"""The admin site: open to members of an account by their role, and to platform staff."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class TriptyqueAdminSite(UnfoldAdminSite):
    site_title = "Triptyque"
    site_header = "Triptyque"
    index_title = _("Actions before, during and after the call")

    def has_permission(self, request: HttpRequest) -> bool:
        if not request.user.is_active or not request.user.is_authenticated:
            return False
        return request.user.is_staff or getattr(request, "account", None) is not None


site = TriptyqueAdminSite(name="admin")
