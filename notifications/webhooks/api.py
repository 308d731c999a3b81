"""Webhooks in the API: their secret comes out once, when it is made."""

from __future__ import annotations

import datetime as dt
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.api.authentication import Access
from accounts.api.fields import StrictSerializer, checked
from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.viewsets import ConfigurationViewSet, ScopedViewSet
from accounts.problems import Problem
from actions.announcements import Announced
from actions.api.serializers import ReferencesMixin
from notifications.models import PING, WebhookAttempt, WebhookDelivery, WebhookState, WebhookSubscription
from notifications.webhooks.acting import ping, resend
from notifications.webhooks.runs import TYPE as ACTION
from outbound.errors import shown_url
from outbound.secrets import SecretsUnreadable

TAG = ["Webhooks"]

MOST_OVERLAP_HOURS = 7 * 24


class NotResendable(Problem):
    """It waits already, or an action's run decides."""

    status = 409
    code = "not_resendable"
    title = gettext_lazy("Only messages that have ended can be sent again; an action’s, by trying its run again.")


class UnreadableSecret(Problem):
    """The key that it was encrypted with is gone."""

    status = 409
    code = "secret_unreadable"
    title = gettext_lazy("The secret cannot be read any more: make a new webhook")


class WebhookSerializer(ReferencesMixin, CleanModelSerializer[WebhookSubscription]):
    """An endpoint and what it wants to hear of. Members who may only look see its address masked."""

    event_types = serializers.ListField(
        child=serializers.ChoiceField(Announced.choices), allow_empty=False, max_length=len(Announced)
    )

    class Meta:
        model = WebhookSubscription
        fields = [
            "id",
            "name",
            "description",
            "url",
            "event_types",
            "agents",
            "is_enabled",
            "rate_per_minute",
            "previous_until",
            "last_success_at",
            "last_failure_at",
            "last_error",
            "failing_since",
            "disabled_at",
            "disabled_reason",
            "created_at",
        ]
        read_only_fields = [*fields[fields.index("previous_until") :], "id"]

    def new_instance(self) -> WebhookSubscription:
        return WebhookSubscription(account=self.context["view"].account)

    def to_representation(self, instance: WebhookSubscription) -> dict[str, Any]:
        shown = super().to_representation(instance)
        access = self.context["request"].auth
        if isinstance(access, Access) and not access.may_edit_configuration:
            shown["url"] = shown_url(instance.url)
        return shown


class CreatedWebhookSerializer(WebhookSerializer):
    """With its secret, this once."""

    secret = serializers.CharField(read_only=True, help_text="`whsec_…`: keep it, it is never shown again.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class RotationSerializer(StrictSerializer):
    overlap_hours = serializers.IntegerField(
        min_value=0, max_value=MOST_OVERLAP_HOURS, default=24, help_text="So long, the former secret signs, too."
    )


class SecretSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField()
    previous_until = serializers.DateTimeField()


class AttemptSerializer(serializers.ModelSerializer[WebhookAttempt]):
    class Meta:
        model = WebhookAttempt
        fields = ["number", "started_at", "duration_ms", "status", "error", "answer"]


class DeliverySummarySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """A message; ``webhook`` is null for one that an action sent."""

    webhook = serializers.IntegerField(source="subscription_id", allow_null=True)
    call = serializers.UUIDField(source="call_id", allow_null=True)

    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "message_id",
            "webhook",
            "event_type",
            "call",
            "run_id",
            "state",
            "error",
            "attempts",
            "created_at",
            "ended_at",
        ]


class WebhookDeliverySerializer(DeliverySummarySerializer):
    """With every attempt, the first one first."""

    attempt_list = serializers.SerializerMethodField()

    class Meta(DeliverySummarySerializer.Meta):
        fields = [*DeliverySummarySerializer.Meta.fields, "attempt_list"]

    def get_attempt_list(self, delivery: WebhookDelivery) -> list[dict[str, Any]]:
        rows = WebhookAttempt.objects.filter(delivery=delivery).order_by("number")
        return [dict(each) for each in AttemptSerializer(rows, many=True).data]


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List webhooks"),
    create=extend_schema(
        tags=TAG,
        summary="Create a webhook",
        description="The answer holds its secret, which is never shown again.",
        responses={201: CreatedWebhookSerializer},
    ),
    retrieve=extend_schema(tags=TAG, summary="A webhook, and how it has gone"),
    update=extend_schema(tags=TAG, summary="Replace a webhook", description="Its secret stays."),
    partial_update=extend_schema(
        tags=TAG,
        summary="Change a webhook",
        description="Also switches it on again after it was switched off because it failed.",
    ),
    destroy=extend_schema(
        tags=TAG,
        summary="Delete a webhook",
        description="With what it was sent. Refused with 409 while an action is signed with its secret.",
    ),
)
class WebhooksViewSet(ConfigurationViewSet[WebhookSubscription]):
    """Events of the account's calls are sent to a webhook's address, signed by the Standard Webhooks specification."""

    queryset = WebhookSubscription.objects.none()
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = WebhookSerializer
    filterset_fields = ("is_enabled",)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = CreatedWebhookSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        return _unstored(Response(serializer.data, status=201))

    def perform_create(self, serializer: BaseSerializer[WebhookSubscription]) -> None:
        serializer.save()

    @extend_schema(tags=TAG, summary="Make a new secret", request=RotationSerializer, responses={200: SecretSerializer})
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, id: str) -> Response:
        """Until `previous_until`, each request is signed with both secrets."""
        webhook = self.get_object()
        overlap = checked(RotationSerializer, request).validated_data["overlap_hours"]
        try:
            secret = webhook.rotate(dt.timedelta(hours=overlap))
        except SecretsUnreadable:
            raise UnreadableSecret from None
        shown = SecretSerializer({"secret": secret, "previous_until": webhook.previous_until})
        return _unstored(Response(shown.data))

    @extend_schema(tags=TAG, summary="Send a test", request=None, responses={202: DeliverySummarySerializer})
    @action(detail=True, methods=["post"])
    def ping(self, request: Request, id: str) -> Response:
        """A message of the type `ping`; ask for the delivery to see what came of it."""
        return Response(DeliverySummarySerializer(ping(self.get_object())).data, status=202)


class DeliveryFilters(django_filters.FilterSet):
    """Declared one by one: made from the model, they would query it outside every scope."""

    webhook = django_filters.NumberFilter(
        "subscription_id", min_value=1, max_value=2**63 - 1, help_text="Id of the webhook."
    )
    state = django_filters.ChoiceFilter(choices=WebhookState.choices)
    event_type = django_filters.ChoiceFilter(choices=[*Announced.choices, (PING, PING), (ACTION, ACTION)])
    call = django_filters.UUIDFilter("call_id")


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List what was sent to webhooks, the newest first"),
    retrieve=extend_schema(tags=TAG, summary="A message, attempt by attempt"),
)
class WebhookDeliveriesViewSet(ListModelMixin, RetrieveModelMixin, ScopedViewSet[WebhookDelivery]):
    """Kept for 30 days."""

    queryset = WebhookDelivery.objects.none()
    lookup_url_kwarg = "delivery_id"
    lookup_value_regex = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    filterset_class = DeliveryFilters

    def get_queryset(self) -> Any:
        return super().get_queryset().defer("body")

    def get_serializer_class(self) -> type[BaseSerializer[WebhookDelivery]]:
        return DeliverySummarySerializer if self.action == "list" else WebhookDeliverySerializer

    @extend_schema(tags=TAG, summary="Send a message again", request=None, responses={202: DeliverySummarySerializer})
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, delivery_id: str) -> Response:
        """The same id and the same body, signed anew."""
        delivery = self.get_object()
        if not resend(delivery):
            raise NotResendable
        delivery.refresh_from_db()
        return Response(DeliverySummarySerializer(delivery).data, status=202)


def _unstored(response: Response) -> Response:
    response["Cache-Control"] = "no-store"
    return response
