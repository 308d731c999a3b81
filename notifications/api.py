"""The messages of a call in the API, to read."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import CallsAccess
from accounts.api.scoping import AccountScoped
from notifications.models import Delivery


class OutcomeSerializer(serializers.Serializer[Any]):
    """What is known of one recipient."""

    address = serializers.CharField()
    state = serializers.CharField(
        help_text="sent, delivered, bounced, complained, refused, deferred (tried again) or suppressed (left out)."
    )
    reason = serializers.CharField(allow_blank=True)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One message. `run_id` is null for a test."""

    to = serializers.ListField(child=serializers.CharField())
    cc = serializers.ListField(child=serializers.CharField())
    bcc = serializers.ListField(child=serializers.CharField())
    recipients = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "run_id",
            "channel",
            "state",
            "is_test",
            "to",
            "cc",
            "bcc",
            "recipients",
            "subject",
            "body_text",
            "message_id",
            "attempts",
            "error",
            "created_at",
            "sent_at",
        ]

    @extend_schema_field(OutcomeSerializer(many=True))
    def get_recipients(self, delivery: Delivery) -> list[dict[str, Any]]:
        return [
            {"address": address, "state": known.get("state", ""), "reason": known.get("reason", "")}
            for address, known in sorted(delivery.recipient_states.items())
        ]


class CallDeliveriesView(AccountScoped, generics.ListAPIView[Delivery]):
    permission_classes = [CallsAccess]
    serializer_class = DeliverySerializer

    def get_queryset(self) -> QuerySet[Delivery]:
        if getattr(self, "swagger_fake_view", False):
            return Delivery.objects.none()
        calls = Delivery._meta.get_field("call").related_model._default_manager
        if not calls.filter(pk=self.kwargs["call_id"]).exists():
            raise Http404
        return Delivery.objects.filter(call=self.kwargs["call_id"]).defer("body_html").order_by("created_at", "id")

    @extend_schema(
        tags=["Calls"], summary="The emails and text messages of a call", operation_id="call_deliveries_list"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
