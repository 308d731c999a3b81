"""The form of a text message: what it costs is shown while it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.admin_widgets import Column, RowsField
from actions.admin.actions import KindAdmin
from actions.contract import Moment
from notifications.kinds.sms import DURING_FIELDS


class SmsActionAdmin(KindAdmin):
    change_form_after_template = "triptyque/sms/counter.html"

    class Media:
        js = ("triptyque/sms.js",)

    def kind_fields(self, moment: Moment | None) -> Sequence[str]:
        return [name for name in self.kind.fields if moment == Moment.DURING or name not in DURING_FIELDS]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "connection" in form.base_fields:
            form.base_fields["connection"].empty_label = None
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "variables":
            columns = (
                Column("name", _("variable"), placeholder="address"),
                Column("description", _("what to put there"), placeholder=_("The address of the branch")),
            )
            label = capfirst(str(db_field.verbose_name))
            return RowsField(columns=columns, add_label=_("Add a variable"), label=label, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        action = self.get_object(request, object_id) if object_id else None
        moment = action.moment if action else self._asked_moment(request)
        context = {"words": words(), "after": moment == Moment.AFTER}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})


def words() -> dict[str, str]:
    """Sentences for the counter; %name% is one of its figures."""
    return {
        "gsm": _("Telephone’s alphabet (GSM, 7 bits)"),
        "unicode": _("Unicode (UCS-2)"),
        "one": _("%units% signs, 1 segment, room for %left% more"),
        "many": _("%units% signs, %segments% segments, room for %left% more in the last one"),
        "foreign": _("These characters force Unicode, where a segment holds 70 signs in place of 160:"),
        "variables": _("What variables stand for is not counted."),
        "over": _("The text takes more segments than are allowed."),
    }
