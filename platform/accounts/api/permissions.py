"""What an asker may do with the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.api.authentication import Access

if TYPE_CHECKING:
    # Its module loads the default permissions of the settings: this one.
    from rest_framework.views import APIView


class ConfigurationAccess(BasePermission):
    """Keys with the scope ``config``; members by their role: viewers read, editors write."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        access = request.auth
        if not isinstance(access, Access):
            return False
        return access.may_read_configuration if request.method in SAFE_METHODS else access.may_edit_configuration


class CallsAccess(BasePermission):
    """Keys with the scope ``calls``; members may read, and editors may play calls."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        access = request.auth
        if not isinstance(access, Access):
            return False
        return access.may_call or (request.method in SAFE_METHODS and request.user is not None)
