"""Language models in the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.viewsets import ConfigurationViewSet
from accounts.problems import Problem
from outbound.chat_trial import try_chat
from outbound.models import AuthProfile, ChatConnection
from outbound.services import ServiceError

TAG = ["Language models"]


class ModelFailed(Problem):
    """``detail`` says what the service answered instead."""

    status = 502
    code = "model_failed"
    title = _("The language model did not answer as it should")


@extend_schema_field({"type": "string"})
class ProfileByName(serializers.SlugRelatedField[Any]):
    """An auth profile of the account, by its name."""

    default_error_messages = {"does_not_exist": _("There is nothing called “{value}” here.")}

    def get_queryset(self) -> QuerySet[AuthProfile]:
        return AuthProfile.objects.all()


class ChatConnectionSerializer(CleanModelSerializer[ChatConnection]):
    """Any server that answers `POST <url>/chat/completions` as OpenAI does."""

    auth_profile = ProfileByName(slug_field="name", queryset=AuthProfile.objects.none(), allow_null=True, default=None)

    class Meta:
        model = ChatConnection
        fields = ["id", "name", "url", "auth_profile", "model", "timeout_s", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> ChatConnection:
        return ChatConnection(account=self.context["view"].account)


class ChatTrialSerializer(serializers.Serializer[Any]):
    """What was found out, in one sentence."""

    message = serializers.CharField()


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List language models"),
    create=extend_schema(tags=TAG, summary="Add a language model"),
    retrieve=extend_schema(tags=TAG, summary="A language model"),
    update=extend_schema(tags=TAG, summary="Replace a language model"),
    partial_update=extend_schema(tags=TAG, summary="Change a language model"),
    destroy=extend_schema(
        tags=TAG, summary="Delete a language model", description="Refused with 409 as long as an agent names it."
    ),
)
class ChatConnectionsViewSet(ConfigurationViewSet[ChatConnection]):
    """Agents name one by its `name`, for the analysis of finished calls."""

    queryset = ChatConnection.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = ChatConnectionSerializer

    def get_queryset(self) -> QuerySet[ChatConnection]:
        return super().get_queryset().select_related("auth_profile").order_by("pk")

    @extend_schema(tags=TAG, summary="Test a language model", request=None, responses={200: ChatTrialSerializer})
    @action(detail=True, methods=["post"], url_path="test", url_name="test")
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            sentence = try_chat(self.get_object())
        except ServiceError as error:
            raise ModelFailed(error.message) from error
        return Response(ChatTrialSerializer({"message": sentence}).data)
