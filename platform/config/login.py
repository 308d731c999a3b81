"""Logging in: by email, for members of an account and platform staff."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled
from unfold.forms import AuthenticationForm

from accounts.models import Membership


class LoginForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("This email and this password do not go together. Mind capitals in the password."),
        "inactive": _("This user is not active any more."),
        "no_account": _("You are not a member of an account any more: ask its administrator."),
    }

    def confirm_login_allowed(self, user: Any) -> None:
        if not user.is_active:
            raise forms.ValidationError(self.error_messages["inactive"], code="inactive")
        with scopes_disabled():
            is_member = Membership.objects.filter(user=user, account__is_active=True).exists()
        if not (user.is_staff or is_member):
            raise forms.ValidationError(self.error_messages["no_account"], code="no_account")
