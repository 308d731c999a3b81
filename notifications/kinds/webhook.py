"""Kind ``webhook``: after the call, one signed HTTP request about it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager

from actions.contract import JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.expressions.templates import CompiledJSON, Template, compile_json
from actions.models import Action
from actions.registry import register
from notifications.models.webhooks import WebhookSubscription
from notifications.webhooks import runs
from notifications.webhooks.checking import body_errors, header_errors, profile_errors, signer_errors
from notifications.webhooks.urls import url_errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class WebhookAction(Action):
    """What to send where; headers and body may hold variables, the address may not."""

    KIND = "webhook"

    url = models.CharField(
        gettext_lazy("address"), max_length=2000, help_text=gettext_lazy("https://…; it gets a POST request.")
    )
    auth_profile = models.CharField(
        gettext_lazy("credentials"),
        max_length=63,
        blank=True,
        help_text=gettext_lazy("Added to the request when it is sent; never shown."),
    )
    signed_as = models.ForeignKey(
        WebhookSubscription,
        models.RESTRICT,
        verbose_name=gettext_lazy("signed as"),
        related_name="+",
        null=True,
        blank=True,
        help_text=gettext_lazy(
            "Sign with the secret of this webhook, so that the receiver can check who sent it. Empty: not signed."
        ),
    )
    headers = models.JSONField(
        gettext_lazy("headers"),
        default=list,
        blank=True,
        help_text=gettext_lazy("Values may hold variables. A header without a value is left out."),
    )
    body = models.JSONField(
        gettext_lazy("body"),
        null=True,
        blank=True,
        help_text=gettext_lazy("JSON that may hold variables. Empty: the call, as webhooks and the API show it."),
    )

    objects: ClassVar[models.Manager[WebhookAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("webhook action")
        verbose_name_plural = gettext_lazy("webhook actions")


class Header(Params):
    """``value`` is a template."""

    name: str
    value: str


class WebhookParams(Params):
    """``signed_as`` is the id of the webhook whose secret signs; ``body`` None: the call."""

    url: str
    auth_profile: str = ""
    signed_as: int | None = None
    headers: tuple[Header, ...] = ()
    body: JSON = None

    @cached_property
    def header_templates(self) -> dict[str, Template]:
        return {header.name: Template.parse(header.value) for header in self.headers}

    @cached_property
    def body_template(self) -> CompiledJSON | None:
        return None if self.body is None else compile_json(self.body)


@register
class WebhookKind(Kind[WebhookParams]):
    name = "webhook"
    label = gettext_lazy("Webhook")
    summary = gettext_lazy("Sends the call, or JSON of your own, to another system over HTTP.")
    icon = "webhook"
    moments = frozenset({Moment.AFTER})
    Params = WebhookParams
    model = WebhookAction
    fields = ("url", "auth_profile", "signed_as", "headers", "body")
    admin_class = "notifications.admin.webhook_action.WebhookActionAdmin"

    def freeze(self, action: WebhookAction) -> WebhookParams:
        account_id = action.agent.account_id
        checks = {
            "url": url_errors(account_id, action.url),
            "auth_profile": profile_errors(action.auth_profile, account_id),
            "signed_as": signer_errors(action.signed_as_id),
            "headers": header_errors(action.headers),
            "body": body_errors(action.body),
        }
        errors: dict[str, list[StrOrPromise]] = {field: [*texts] for field, texts in checks.items() if texts}
        if errors:
            raise FreezeError(errors)
        return WebhookParams(
            url=action.url.strip(),
            auth_profile=action.auth_profile,
            signed_as=action.signed_as_id,
            headers=tuple(Header.model_validate(header) for header in action.headers),
            body=action.body,
        )

    def missing(self, params: WebhookParams, account_id: int) -> list[str]:
        return [*profile_errors(params.auth_profile, account_id), *signer_errors(params.signed_as)]

    def in_words(self, name: str, value: JSON) -> tuple[StrOrPromise, StrOrPromise] | None:
        if name != "signed_as":
            return None
        subscription = WebhookSubscription.objects.filter(pk=value).first() if value else None
        return gettext_lazy("signed as"), str(subscription or "")

    def time_limit_s(self, params: WebhookParams) -> float:
        return 20.0

    async def run(self, params: WebhookParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        with override(context.agent.language):
            delivery = await runs.deliver(params, context)
            message = _("The webhook was delivered.")
        return Outcome(result={"status": delivery.state, "message": message, "webhook_id": delivery.message_id})
