"""The admin of rows that others use: by whom is shown, and what is used is not deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from accounts.admin_base import AccountAdmin
from accounts.usage import Named


def places(count: int) -> str:
    """How many, as a cell of a list."""
    return ngettext("%(count)d place", "%(count)d places", count) % {"count": count} if count else "–"


def uses_as_list(uses: Sequence[Named]) -> SafeString | str:
    if not uses:
        return _("Nothing yet.")
    items = format_html_join("", '<li><a class="tq-strong" href="{}">{}</a></li>', ((u.url, u.label) for u in uses))
    return format_html('<ul class="tq-list">{}</ul>', items)


class UsedAdmin(AccountAdmin):
    """``uses_by_row`` finds them; a list of rows has them looked up once."""

    def uses_by_row(self, rows: Sequence[Any]) -> Mapping[Any, Sequence[Named]]:
        """By primary key; the rows are of one account."""
        raise NotImplementedError

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        uses = self.uses_by_row(list(changelist.result_list))
        for row in changelist.result_list:
            row.uses = uses[row.pk]
        return changelist

    def known_uses(self, row: Any) -> Sequence[Named]:
        known: Sequence[Named] | None = getattr(row, "uses", None)
        return self.uses_by_row([row])[row.pk] if known is None else known

    @display(description=gettext_lazy("used by"))
    def use_count(self, row: Any) -> str:
        return places(len(self.known_uses(row)))

    @display(description=gettext_lazy("used by"))
    def used_by(self, row: Any) -> SafeString | str:
        return uses_as_list(self.known_uses(row))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        row = self.row_or_404(request, object_id)
        if self.has_delete_permission(request, row) and (uses := self.known_uses(row)):
            facts = {"name": row.name, "rows": ", ".join(use.label for use in uses)}
            messages.error(request, _("“%(name)s” cannot be deleted. It is used by: %(rows)s.") % facts)
            page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(page, args=[row.pk]))
        return super().delete_view(request, object_id, extra_context)

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Collection[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        uses = [f"{row}: {use.label}" for row in objs for use in self.known_uses(row)]
        return deleted, counts, missing, self.in_the_way(protected, uses)

    def in_the_way(self, protected: list[Any], uses: list[str]) -> list[Any]:
        """The uses say what the database protects, in better words."""
        return uses or protected
