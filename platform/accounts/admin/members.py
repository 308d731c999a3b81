"""Members: who works in the account, and in which role."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.admin_base import AccountAdmin, PresetForm, Rank, badge
from accounts.models import Account, Membership, Role, User

ROLE_BADGES = {Role.ADMIN: "primary", Role.EDITOR: "info", Role.VIEWER: "default"}


def keeps_an_administrator(account: Account, without: Collection[Membership]) -> bool:
    """Whether the account has an administrator left when these memberships go or change."""
    left = Membership.objects.filter(account=account, role=Role.ADMIN, user__is_active=True)
    return left.exclude(pk__in=[membership.pk for membership in without]).exists()


def one_at_a_time(request: HttpRequest) -> None:
    """Let changes of an account's members wait for one another, to the end of the transaction.

    Otherwise two administrators who remove each other in the same moment both find the other one still there.
    """
    account: Account | None = request.account  # type: ignore[attr-defined]
    if request.method == "POST" and account is not None:
        # No key: rows that merely belong to the account (each call) wait for nobody.
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)


class MemberForm(PresetForm):
    """Changing a member: the role."""

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        leaves = self.instance.pk and self.instance.role == Role.ADMIN and role != Role.ADMIN
        if leaves and not keeps_an_administrator(self.instance.account, [self.instance]):
            raise forms.ValidationError(
                _("This is the account's last administrator: make somebody else an administrator first.")
            )
        return role


class NewMemberForm(MemberForm):
    """Adding a member by email. Who is new to the platform gets a first password from the administrator."""

    email = forms.EmailField(label=gettext_lazy("Email address"), widget=UnfoldAdminEmailInputWidget())
    full_name = forms.CharField(
        label=gettext_lazy("Full name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget()
    )
    password = forms.CharField(
        label=gettext_lazy("First password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "For somebody new: give it to them yourself, they can change it once they are logged in. "
            "Leave it empty for somebody who logs in here already."
        ),
    )

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        self.user = User.objects.filter(email=email).first()
        if self.user and Membership.objects.filter(user=self.user, account=self.instance.account).exists():
            raise forms.ValidationError(_("This person is a member already."))
        return email

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "email" not in data:
            return data
        if self.user is not None:
            if data.get("password"):
                self.add_error("password", _("This person has a password already: leave this empty."))
        elif not data.get("password"):
            self.add_error("password", _("This person is new: give them a first password."))
        else:
            self._check_password(data)
        return data

    def _check_password(self, data: dict[str, Any]) -> None:
        try:
            validate_password(data["password"], User(email=data["email"], full_name=data.get("full_name", "")))
        except forms.ValidationError as error:
            self.add_error("password", error)


@admin.register(Membership)
class MembershipAdmin(AccountAdmin):
    view_rank = add_rank = change_rank = delete_rank = Rank.ADMIN

    list_display = ("member", "email", "role_label", "last_login")
    list_filter = ("role",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__full_name")

    @display(description=gettext_lazy("name"), ordering="user__full_name")
    def member(self, membership: Membership) -> str:
        return str(membership.user)

    @display(description=gettext_lazy("email"), ordering="user__email")
    def email(self, membership: Membership) -> str:
        return membership.user.email

    @display(description=gettext_lazy("role"), ordering="role")
    def role_label(self, membership: Membership) -> SafeString:
        return badge(ROLE_BADGES[Role(membership.role)], membership.get_role_display())

    @display(description=gettext_lazy("last login"), ordering="user__last_login")
    def last_login(self, membership: Membership) -> Any:
        return membership.user.last_login

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("member", "email", "role", "digest") if obj else ("email", "full_name", "role", "digest", "password")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("member", "email") if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = MemberForm if obj else NewMemberForm
        # The other fields are the form's own, not the membership's.
        kwargs["fields"] = ("role", "digest")
        return super().get_form(request, obj, change=change, **kwargs)

    # Django calls both inside the transaction in which it saves or deletes.

    def _changeform_view(self, request: HttpRequest, *args: Any) -> Any:
        one_at_a_time(request)
        return super()._changeform_view(request, *args)

    def _delete_view(self, request: HttpRequest, *args: Any) -> Any:
        one_at_a_time(request)
        return super()._delete_view(request, *args)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Membership]) -> Any:
        with transaction.atomic():
            one_at_a_time(request)
            return super().response_action(request, queryset)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if not change:
            obj.user = form.user or self._new_user(request, form.cleaned_data)
        super().save_model(request, obj, form, change)

    @staticmethod
    def _new_user(request: HttpRequest, data: dict[str, Any]) -> User:
        """Somebody new is taken to speak and live as the administrator who adds them does."""
        adder: User = request.user  # type: ignore[assignment]
        return User.objects.create_user(
            data["email"],
            data["password"],
            full_name=data["full_name"],
            language=adder.language,
            time_zone=adder.time_zone,
        )

    def get_deleted_objects(
        self, objs: QuerySet[Membership] | Collection[Membership], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        if not keeps_an_administrator(request.account, list(objs)):  # type: ignore[attr-defined]
            protected = [*protected, _("An account needs an administrator: make somebody else one first.")]
        return deleted, counts, missing, protected
