"""Users, for platform staff."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.admin_base import PlatformStaffOnly
from accounts.models import User


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "full_name")
        field_classes: dict[str, type] = {}


class ChangeUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = ("email", "full_name", "language", "time_zone", "is_active", "is_staff")
        field_classes: dict[str, type] = {}


@admin.register(User)
class UserAdmin(PlatformStaffOnly, DjangoUserAdmin, ModelAdmin):
    form = ChangeUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm

    list_display = ("email", "full_name", "language", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "language")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "full_name", "language", "time_zone")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "full_name", "language", "time_zone", "is_staff", "password1", "password2"),
            },
        ),
    )
