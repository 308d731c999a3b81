"""Entering the asker's account once, at the edge of the API."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_scopes import scope
from rest_framework.request import Request

from accounts.api.authentication import Access
from accounts.models import Account


class AccountScoped:
    """Mixin of API views: everything after authentication runs inside the account's scope."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as stack:
            self._account_scope = stack
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        self._account_scope.enter_context(scope(account=self.account))

    @property
    def account(self) -> Account:
        access = self.request.auth  # type: ignore[attr-defined]
        assert isinstance(access, Access)
        return access.account
