"""The form of a keypad menu: its keys as rows, each with an action of the same agent."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import ForeignKey, JSONField
from django.http import HttpRequest

from accounts.admin_base import PartInline
from accounts.admin_widgets import CodeTextarea, ReadableJSONField
from actions.admin.actions import KindAdmin
from actions.contract import Moment
from actions.kinds.menu import MenuAction, MenuKey
from actions.models import Action, Agent


class MenuKeyInline(PartInline):
    """``agent`` is set by the page: a menu leads to actions of its own agent only."""

    agent: ClassVar[Agent | None] = None
    model = MenuKey
    fk_name = "menu"
    fields = ("key", "target", "arguments")
    extra = 0
    formfield_overrides: dict[Any, Any] = {
        JSONField: {"form_class": ReadableJSONField, "widget": CodeTextarea(attrs={"rows": 2})}
    }

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "target":
            during = Action.objects.filter(agent=self.agent, moment=Moment.DURING)
            kwargs["queryset"] = during.exclude(kind=MenuAction.KIND)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "target":
            # Actions are added, changed and deleted on pages of their own.
            widget = field.widget
            widget.can_add_related = widget.can_change_related = False
            widget.can_view_related = widget.can_delete_related = False
        return field


class MenuAdmin(KindAdmin):
    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type[PartInline]]:
        return [type("MenuKeyInline", (MenuKeyInline,), {"agent": self._agent_of(request)})]
