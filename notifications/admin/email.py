"""The email's form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from notifications.admin.email_preview import PreviewPage

ADDRESS_FIELDS = ("to", "cc", "bcc", "reply_to")
WITHOUT = {"language": gettext_lazy("The agent’s language"), "attachment": gettext_lazy("No attachment")}
"""What an empty choice means."""


class EmailActionAdmin(PreviewPage):
    """The variables that subject and text may hold stand beside the form."""

    change_form_after_template = "triptyque/email/variables.html"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ADDRESS_FIELDS:
            field.widget.attrs["rows"] = 1
            field.widget.attrs["class"] += " tq-addresses"
        if db_field.name in WITHOUT:
            field.choices = [("", WITHOUT[db_field.name]), *(pair for pair in field.choices if pair[0])]
        return field
