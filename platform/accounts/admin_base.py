"""What every admin of an account's rows has in common: roles, the account itself, and pages of its own.

Managers are scoped by ``accounts.middleware``, so lists, choices and lookups hold the account's rows only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import JSONField, QuerySet, TextField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from accounts.admin_widgets import CodeTextarea, ReadableJSONField
from accounts.models import Membership


class Rank(IntEnum):
    """How much somebody may do in the account that they are working in."""

    NOBODY = 0
    VIEWER = 1
    EDITOR = 2
    ADMIN = 3
    STAFF = 4


def rank_of(request: HttpRequest) -> Rank:
    """Platform staff count as such in every account."""
    if getattr(request.user, "is_staff", False):
        return Rank.STAFF
    membership: Membership | None = getattr(request, "membership", None)
    return Rank[membership.role.upper()] if membership is not None else Rank.NOBODY


class RolePermissions:
    """Django's permissions, decided by role. ``in_account`` False: for rows that belong to no account."""

    view_rank: ClassVar[Rank] = Rank.VIEWER
    add_rank: ClassVar[Rank] = Rank.EDITOR
    change_rank: ClassVar[Rank] = Rank.EDITOR
    delete_rank: ClassVar[Rank] = Rank.EDITOR
    in_account: ClassVar[bool] = True

    def _has(self, request: HttpRequest, rank: Rank) -> bool:
        if self.in_account and getattr(request, "account", None) is None:
            return False
        return rank_of(request) >= rank

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._has(request, self.view_rank)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, self.view_rank)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, self.add_rank)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, self.change_rank)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, self.delete_rank)


class ReadOnly(RolePermissions):
    """Records: everybody in the account reads them, nobody writes them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PlatformStaffOnly(RolePermissions):
    """Rows of the platform itself."""

    view_rank = add_rank = change_rank = delete_rank = Rank.STAFF
    in_account = False


class PresetForm(forms.ModelForm):
    """Columns that nobody fills in (``preset``) are set before validation, so that constraints see them."""

    preset: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            for name, value in self.preset.items():
                setattr(self.instance, name, value)

    def _get_validation_exclusions(self) -> set[str]:
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclusions - set(self.preset)


class PageAdmin(ModelAdmin):
    """A ModelAdmin that can show pages of its own, and whose rows are deleted with all that belongs to them."""

    form: type[forms.BaseModelForm] = PresetForm
    formfield_overrides = {
        JSONField: {"form_class": ReadableJSONField, "widget": CodeTextarea},
        TextField: {"widget": UnfoldAdminExpandableTextareaWidget},
    }
    warn_unsaved_form = True
    list_filter_submit = True
    list_per_page = 50

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        context = {"title": title, **(extra_context or {})}
        if request.method != "POST" or "_save" not in request.POST:
            return super().changelist_view(request, context)
        with transaction.atomic():
            if self._all_there(request):
                return super().changelist_view(request, context)
        messages.error(
            request,
            _("Nothing was saved: somebody has deleted rows of this list meanwhile. Here is the list as it is now."),
        )
        return HttpResponseRedirect(request.get_full_path())

    def _all_there(self, request: HttpRequest) -> bool:
        """Whether the rows that a list sends are all there still; they are locked, and so stay to the end."""
        try:
            keys = {self.opts.pk.to_python(sent) for sent in self._get_edited_object_pks(request, "form")}
        except ValidationError:
            return False
        rows = self.model._default_manager.filter(pk__in=keys).select_for_update(of=("self",))
        return len(rows) == len(keys)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Where somebody else saves the same in the same moment, the second attempt says at which field."""
        context = {"show_save_and_add_another": False, **(extra_context or {})}
        for _attempt in range(2):
            said = _messages_of(request)
            try:
                return super().changeform_view(request, object_id, form_url, context)
            except IntegrityError:
                _forget_messages(request, said)
                for _name, files in request.FILES.lists():
                    for file in files:
                        file.seek(0)
        messages.error(
            request, _("Nothing was saved: somebody has changed the same meanwhile. Look at it again, and try again.")
        )
        return HttpResponseRedirect(request.get_full_path())

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        base = kwargs.pop("form", self.form)
        if issubclass(base, PresetForm):
            base = type(base.__name__, (base,), {"preset": self.preset(request, obj)})
        return super().get_form(request, obj, change=change, form=base, **kwargs)

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Collection[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Whoever may delete a row may delete its parts, although they have no page or are read-only there."""
        deleted, counts, _missing_permissions, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set(), protected

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The row, if it is in the account that ``request`` works in."""
        row = self.get_object(request, str(object_id))
        if row is None:
            raise Http404
        return row

    def page(
        self, request: HttpRequest, template: str, *, title: str, status: int = 200, **context: Any
    ) -> TemplateResponse:
        """A page inside the admin's frame."""
        request.current_app = self.admin_site.name
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, template, frame, status=status)


def _messages_of(request: HttpRequest) -> int:
    """How many messages this request has had for its user so far."""
    storage: Any = messages.get_messages(request)
    return len(storage._queued_messages)


def _forget_messages(request: HttpRequest, kept: int) -> None:
    """What was said of a transaction that has failed since is not true."""
    storage: Any = messages.get_messages(request)
    del storage._queued_messages[kept:]


class AccountAdmin(RolePermissions, PageAdmin):
    """Base of the admins of rows that belong to an account: viewers look, editors and administrators change."""

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        return {"account": request.account}  # type: ignore[attr-defined]


class RecordAdmin(ReadOnly, PageAdmin):
    """Base of the admins of records. They grow for ever: nobody counts them all to show a page."""

    warn_unsaved_form = False
    actions: tuple[str, ...] | None = None
    paginator = InfinitePaginator
    show_full_result_count = False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, {"show_history": False, **(extra_context or {})})


class PartInline(RolePermissions, TabularInline):
    """Rows that are edited on the page of what they belong to."""

    extra = 0
    hide_title = True
    formfield_overrides = {TextField: {"widget": UnfoldAdminExpandableTextareaWidget}}


def breadcrumbs(request: HttpRequest, *parts: tuple[str, Any]) -> None:
    """Replace the title line of this page: (address or '', text) each."""
    request.breadcrumbs = [{"link": link, "title": title} for link, title in parts]  # type: ignore[attr-defined]


def with_icon(icon: str, text: Any) -> SafeString:
    """A symbol of the theme's font before a text."""
    return format_html(
        '<span class="tq-icon-text"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        icon,
        text,
    )


def badge(look: str, text: Any) -> SafeString:
    """A state; ``look`` is success, warning, danger, info, primary or default."""
    return format_html('<span class="tq-badge tq-badge-{}">{}</span>', look, text)


def nowrap(value: Any) -> SafeString:
    """A short value that a narrow column must not break; times as the page's language writes them."""
    if isinstance(value, datetime):
        value = localize(localtime(value))
    return format_html('<span class="tq-nowrap">{}</span>', value)
