"""SIP connections in the API: passwords go in, and come out only to runtimes that dial."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import Access
from accounts.api.fields import StrictSerializer
from accounts.api.scoping import AccountScoped
from accounts.api.used import UsedSerializer, UsedViewSet
from accounts.problems import Problem
from accounts.usage import Use
from outbound.secrets import SecretsUnreadable
from transfers.checking import LONGEST_PASSWORD
from transfers.connections import default_port, uses_by_connection
from transfers.models import SipConnection

TAG = ["SIP connections"]


class UnreadablePassword(Problem):
    """The key that it was encrypted with is gone."""

    status = 409
    code = "password_unreadable"
    title = gettext_lazy("The password cannot be read any more; enter it again")


class SipHeaderSerializer(StrictSerializer):
    name = serializers.CharField()
    value = serializers.CharField()


class SipConnectionSerializer(UsedSerializer[SipConnection]):
    """A line of the account's telephone provider or PBX."""

    port = serializers.IntegerField(
        min_value=1, max_value=65_535, required=False, allow_null=True, help_text="Default: 5060, with TLS 5061."
    )
    headers = SipHeaderSerializer(many=True, default=list)
    password = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=LONGEST_PASSWORD,
        help_text="Never shown. What is left out or empty is kept.",
    )
    has_password = serializers.SerializerMethodField()

    class Meta:
        model = SipConnection
        fields = [
            "name",
            "host",
            "port",
            "transport",
            "user",
            "password",
            "has_password",
            "caller_id",
            "headers",
            "used_by",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> SipConnection:
        return SipConnection(account=self.context["view"].account)

    def _store(self, instance: SipConnection, data: dict[str, Any]) -> SipConnection:
        instance.new_password = data.pop("password", None)
        if data.get("port") is None:
            data["port"] = default_port(data.get("transport", instance.transport))
        data["headers"] = [dict(header) for header in data["headers"]]
        return super()._store(instance, data)

    def get_has_password(self, connection: SipConnection) -> bool:
        return bool(connection.secrets)


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List SIP connections"),
    create=extend_schema(tags=TAG, summary="Create a SIP connection"),
    retrieve=extend_schema(tags=TAG, summary="A SIP connection"),
    update=extend_schema(tags=TAG, summary="Replace a SIP connection", description="A password left out is kept."),
    partial_update=extend_schema(
        tags=TAG,
        summary="Change a SIP connection",
        description="With another host, the password is asked for again.",
    ),
    destroy=extend_schema(
        tags=TAG,
        summary="Delete a SIP connection",
        description="Refused with 409 as long as a transfer, drawn or published, uses it.",
    ),
)
class SipConnectionsViewSet(UsedViewSet[SipConnection]):
    """Transfers name a connection by its `name`. A change counts from the next transfer on, without publishing."""

    queryset = SipConnection.objects.none()
    lookup_field = "name"
    lookup_value_regex = "[^/]{1,100}"
    serializer_class = SipConnectionSerializer
    filterset_fields = ("transport",)

    def uses_by_row(self, rows: Iterable[SipConnection]) -> dict[int, list[Use]]:
        return uses_by_connection(rows)


class RuntimeKey(BasePermission):
    """API keys with the scope ``calls``, and nobody who is logged in: people enter passwords, they do not read them."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, Access) and request.user is None and request.auth.may_call


class CredentialsSerializer(serializers.Serializer[Any]):
    """What a runtime registers or authenticates with (RFC 3261 section 22)."""

    user = serializers.CharField()
    password = serializers.CharField()


class SipCredentialsView(AccountScoped, APIView):
    permission_classes = [RuntimeKey]

    @extend_schema(
        tags=TAG,
        summary="User and password of a SIP connection, for the runtime that dials",
        description="Needs a key with the scope `calls`. Not to be kept: ask when a directive names the connection.",
        responses=CredentialsSerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        connection = get_object_or_404(SipConnection, name=name)
        try:
            password = connection.password
        except SecretsUnreadable:
            raise UnreadablePassword from None
        response = Response({"user": connection.user, "password": password})
        response["Cache-Control"] = "no-store"
        return response
