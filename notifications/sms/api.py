"""SMS connections and opt-outs in the API: secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.authentication import Access
from accounts.api.fields import ObjectField
from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.used import UsedSerializer, UsedViewSet
from accounts.api.viewsets import ConfigurationViewSet
from accounts.usage import Use
from actions.api.references import NameReference
from notifications.models.sms import OptOut, OptOutSource, SmsConnection
from notifications.sms.checking import LONGEST_SECRET
from notifications.sms.handing_over import public_address
from notifications.sms.providers.registry import PROVIDERS
from notifications.sms.usage import uses_by_connection
from outbound.models import AuthProfile

TAG = ["SMS"]


class SecretsField(serializers.DictField):
    """Secrets by name; what is left out or empty is kept. No error repeats what was sent."""

    child = serializers.CharField(allow_blank=True, trim_whitespace=True, max_length=LONGEST_SECRET)


class ProfileReference(NameReference):
    """An auth profile of the account, by its name."""

    def get_queryset(self) -> QuerySet[AuthProfile]:
        return AuthProfile.objects.all()


class SmsConnectionSerializer(UsedSerializer[SmsConnection]):
    """An account with a provider of text messages."""

    provider = serializers.ChoiceField([each.name for each in PROVIDERS], help_text="It cannot be changed later.")
    settings = ObjectField(default=dict, help_text="What is no secret; its members depend on `provider`.")
    auth_profile = ProfileReference(queryset=AuthProfile.objects.none(), allow_null=True, default=None)
    secrets = SecretsField(write_only=True, required=False, help_text="Never shown. What is left out is kept.")
    report_url = serializers.SerializerMethodField(
        help_text="Where the provider reports receipts and answers. It is a secret: whoever knows it can report."
    )

    class Meta:
        model = SmsConnection
        fields = [
            *("name", "provider", "sender", "region", "settings", "auth_profile", "secrets"),
            *("report_url", "used_by", "created_at", "updated_at"),
        ]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> SmsConnection:
        return SmsConnection(account=self.context["view"].account)

    def _store(self, instance: SmsConnection, data: dict[str, Any]) -> SmsConnection:
        instance.enter_secrets(data.pop("secrets", {}))
        return super()._store(instance, data)

    def get_report_url(self, connection: SmsConnection) -> str:
        """Nothing for those who may only look."""
        return public_address(connection.token) if self.context["view"].may_edit else ""

    def to_representation(self, instance: SmsConnection) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        return shown if self.context["view"].may_edit else {**shown, "settings": {}, "used_by": []}


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List SMS connections"),
    create=extend_schema(tags=TAG, summary="Create an SMS connection"),
    retrieve=extend_schema(tags=TAG, summary="An SMS connection"),
    update=extend_schema(tags=TAG, summary="Replace an SMS connection", description="Secrets left out are kept."),
    partial_update=extend_schema(
        tags=TAG,
        summary="Change an SMS connection",
        description="With another host, the secrets are asked for again.",
    ),
    destroy=extend_schema(
        tags=TAG,
        summary="Delete an SMS connection",
        description="Refused with 409 as long as an action, drawn or published, uses it.",
    ),
)
class SmsConnectionsViewSet(UsedViewSet[SmsConnection]):
    """Actions name a connection by its `name`. A change counts from the next message on, without publishing."""

    queryset = SmsConnection.objects.none()
    lookup_field = "name"
    lookup_value_regex = "[^/]{1,100}"
    serializer_class = SmsConnectionSerializer
    filterset_fields = ("provider",)

    def get_queryset(self) -> QuerySet[SmsConnection]:
        return super().get_queryset().select_related("auth_profile")

    def uses_by_row(self, rows: Iterable[SmsConnection]) -> dict[int, list[Use]]:
        return uses_by_connection(rows)

    @property
    def may_edit(self) -> bool:
        access = self.request.auth
        return not isinstance(access, Access) or access.may_edit_configuration


class OptOutSerializer(CleanModelSerializer[OptOut]):
    """A number that no text message is sent to. It is stored in E.164, however it was written."""

    class Meta:
        model = OptOut
        fields = ["id", "number", "since", "source", "note"]
        read_only_fields = ["since", "source"]

    def new_instance(self) -> OptOut:
        return OptOut(account=self.context["view"].account, source=OptOutSource.API)


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List opt-outs"),
    create=extend_schema(tags=TAG, summary="Send a number no more text messages"),
    retrieve=extend_schema(tags=TAG, summary="An opt-out"),
    update=extend_schema(tags=TAG, summary="Replace an opt-out"),
    partial_update=extend_schema(tags=TAG, summary="Change an opt-out"),
    destroy=extend_schema(tags=TAG, summary="Send a number text messages again"),
)
class OptOutsViewSet(ConfigurationViewSet[OptOut]):
    """Numbers on this list get no text message. An answer like STOP puts one on it, START takes it off."""

    queryset = OptOut.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = OptOutSerializer
    filterset_fields = ("number", "source")
