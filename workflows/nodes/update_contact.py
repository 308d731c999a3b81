"""Node ``update_contact``: creates or changes what the account knows of a caller."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_scopes import scope
from pydantic import Field

from accounts.database import in_database
from actions.contract import JSON
from actions.expressions.templates import CompiledJSON, Template, compile_json
from contacts.merging import contact_json, merge_contact
from contacts.values import normalise_phone
from workflows.fields import TemplateJSON, TemplateText
from workflows.http.text import as_text
from workflows.nodes.base import ERROR, NEXT, FieldForm, NodeConfig, NodeContext, NodeError, NodeKind, NodeResult
from workflows.nodes.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from actions.contract import Moment

CALLER = "{{ system.phoneE164 }}"
Values = Annotated[dict[Annotated[str, Field(min_length=1, max_length=100)], TemplateJSON], Field(max_length=100)]


class UpdateContactConfig(NodeConfig):
    """A value that comes to null removes its name; ``phone`` is the caller's unless something else is written."""

    phone: TemplateText = CALLER
    attributes: Values = Field(default_factory=dict)
    external_ids: Values = Field(default_factory=dict)

    @cached_property
    def phone_template(self) -> Template:
        return Template.parse(self.phone)

    @cached_property
    def compiled(self) -> dict[str, dict[str, CompiledJSON]]:
        return {
            "attributes": {name: compile_json(value) for name, value in self.attributes.items()},
            "external_ids": {name: compile_json(value) for name, value in self.external_ids.items()},
        }


@register
class UpdateContactNode(NodeKind[UpdateContactConfig]):
    name = "update_contact"
    label = _("Update contact")
    summary = _("Creates or changes what is known of a caller; later calls find it as “contact”.")
    icon = "contact_page"
    Config = UpdateContactConfig
    waits = True
    acts = True
    default_config = {"phone": CALLER}
    fields = (
        FieldForm("phone", _("Phone"), "template", _("The contact's number, in international form."), required=True),
        FieldForm("attributes", _("Attributes"), "key-value", _("Other attributes stay; null removes one.")),
        FieldForm(
            "external_ids",
            _("External ids"),
            "key-value",
            _("What other systems call this contact, by the name of the system."),
        ),
    )

    def outputs(self, config: UpdateContactConfig) -> tuple[str, ...]:
        return (NEXT, ERROR)

    def names(self, config: UpdateContactConfig) -> Mapping[str, frozenset[str]]:
        values = {
            f"{field}.{name}": value.names for field, each in config.compiled.items() for name, value in each.items()
        }
        return {"phone": config.phone_template.names, **values}

    def check(self, config: UpdateContactConfig, moment: Moment | None) -> list[tuple[str, StrOrPromise]]:
        if not config.phone.strip():
            return [("phone", _("This is required."))]
        if not config.attributes and not config.external_ids:
            return [("attributes", _("Nothing would change: give at least one attribute or external id."))]
        return []

    async def run(self, config: UpdateContactConfig, context: NodeContext) -> NodeResult:
        phone = normalise_phone(as_text(config.phone_template.value(context.scope, context.warnings)))
        changes = {
            field: {name: value.value(context.scope, context.warnings) for name, value in values.items()}
            for field, values in config.compiled.items()
        }
        changes["external_ids"] = {
            name: None if value in (None, "") else as_text(value) for name, value in changes["external_ids"].items()
        }
        context.input = {"phone": phone, **changes}
        if not phone:
            message = gettext("The caller’s number is not known: no contact can be kept.")
            raise NodeError(message, code="no_phone", permanent=True)
        return await in_database(_merge)(context.call.account_id, phone, changes)

    def replay(self, config: UpdateContactConfig, context: NodeContext, data: JSON) -> NodeResult:
        return NodeResult(data=data)


def _merge(account_id: int, phone: str, changes: Mapping[str, Mapping[str, JSON]]) -> NodeResult:
    try:
        with scope(account=account_id):
            contact, is_new = merge_contact(
                account_id, phone, attributes=changes["attributes"], external_ids=changes["external_ids"]
            )
    except ValidationError as error:
        raise NodeError(" ".join(error.messages), code="invalid_contact", permanent=True) from error
    known = contact_json(contact)
    return NodeResult(variables={"contact": known}, data={**known, "created": is_new})
