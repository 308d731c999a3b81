"""The account's embedding connection in the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.viewsets import ConfigurationViewSet
from accounts.problems import Problem
from actions.api.references import NameReference
from knowledge.embedding.client import EmbeddingError
from knowledge.embedding.models import EmbeddingConnection
from knowledge.embedding.trial import try_connection
from outbound.models import AuthProfile

TAG = ["Knowledge"]


class EmbeddingFailed(Problem):
    """``detail`` says what the service answered instead of vectors."""

    status = 502
    code = "embedding_failed"
    title = _("The embedding service did not answer as it should")


class ProfileReference(NameReference):
    """An auth profile of the account, by its name."""

    def get_queryset(self) -> QuerySet[AuthProfile]:
        return AuthProfile.objects.all()


class EmbeddingConnectionSerializer(CleanModelSerializer[EmbeddingConnection]):
    """Any server that answers `POST <url>/embeddings` as OpenAI does. An account has one at most."""

    auth_profile = ProfileReference(queryset=AuthProfile.objects.none(), allow_null=True, default=None)

    class Meta:
        model = EmbeddingConnection
        fields = [
            "id",
            "enabled",
            "url",
            "auth_profile",
            "model",
            "dimensions",
            "send_dimensions",
            "query_prefix",
            "passage_prefix",
            "batch_size",
            "timeout_s",
            "query_timeout_ms",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> EmbeddingConnection:
        return EmbeddingConnection(account=self.context["view"].account)


class TrialSerializer(serializers.Serializer[Any]):
    """What was found out, in one sentence; ``ok`` is false where the model does not tell texts apart."""

    ok = serializers.BooleanField()
    message = serializers.CharField()


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="The embedding connection, if there is one"),
    create=extend_schema(tags=TAG, summary="Create the embedding connection"),
    retrieve=extend_schema(tags=TAG, summary="An embedding connection"),
    update=extend_schema(tags=TAG, summary="Replace the embedding connection"),
    partial_update=extend_schema(tags=TAG, summary="Change the embedding connection"),
    destroy=extend_schema(tags=TAG, summary="Delete the embedding connection: sources are searched by words again"),
)
class EmbeddingConnectionsViewSet(ConfigurationViewSet[EmbeddingConnection]):
    """After a change, sources get their vectors within minutes; meanwhile they are searched by words."""

    queryset = EmbeddingConnection.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = EmbeddingConnectionSerializer

    def get_queryset(self) -> QuerySet[EmbeddingConnection]:
        return super().get_queryset().order_by("pk")

    @extend_schema(tags=TAG, summary="Test the embedding connection", request=None, responses={200: TrialSerializer})
    @action(detail=True, methods=["post"], url_path="test", url_name="test")
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        connection: EmbeddingConnection = self.get_object()
        try:
            well, sentence = try_connection(connection)
        except EmbeddingError as error:
            raise EmbeddingFailed(error.message) from error
        return Response(TrialSerializer({"ok": well, "message": sentence}).data)
