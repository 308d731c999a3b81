"""Sources and their documents in the API, and asking a source."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import StrictSerializer, checked
from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.viewsets import ConfigurationViewSet
from accounts.problems import Problem
from knowledge.ingestion import retry
from knowledge.models import Document, DocumentState, Source
from knowledge.search import DEFAULT_HITS, LONGEST_QUERY, MINIMUM_SCORE, MOST_HITS, SourceNotReadyError, search

ID = "[0-9]{1,18}"
TAG = ["Knowledge"]


class SourceNotReady(Problem):
    """``detail`` says why: it is empty, still being indexed, or none of its documents could be."""

    status = 409
    code = "source_not_ready"
    title = _("The source cannot be searched now")


class SourceSerializer(CleanModelSerializer[Source]):
    """A set of documents that is searched as one. Its name cannot be changed: workflows use it."""

    class Meta:
        model = Source
        fields = ["id", "name", "description", "language", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> Source:
        return Source(account=self.context["view"].account)

    def validate_name(self, name: str) -> str:
        if self.instance is not None and name != self.instance.name:
            raise serializers.ValidationError(_("The name of a source cannot be changed."))
        return name


class DocumentSerializer(CleanModelSerializer[Document]):
    """A text, plain or Markdown. ``state`` is ``ready`` once it can be found; ``failed`` comes with an ``error``."""

    error = serializers.CharField(read_only=True, allow_blank=True)

    class Meta:
        model = Document
        fields = ["id", "title", "text", "language", "kind", "state", "error", "updated_at"]
        read_only_fields = ["kind", "state", "error", "updated_at"]

    def new_instance(self) -> Document:
        return Document(source=self.context["view"].source)


class DocumentSummarySerializer(DocumentSerializer):
    """A document as lists show it: without its text."""

    class Meta(DocumentSerializer.Meta):
        fields = [name for name in DocumentSerializer.Meta.fields if name != "text"]


class QuestionSerializer(StrictSerializer):
    """What to look for, in any words."""

    query = serializers.CharField(max_length=LONGEST_QUERY)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_HITS, default=DEFAULT_HITS)
    language = serializers.ChoiceField(choices=["", "fr", "en"], default="", help_text="Empty: recognised.")
    minimum_score = serializers.FloatField(min_value=0, max_value=1, default=MINIMUM_SCORE)


class HitSerializer(serializers.Serializer[Any]):
    """A passage that answers. ``score`` is 0 to 1: which part of the question it speaks of."""

    document = serializers.CharField()
    heading = serializers.CharField()
    text = serializers.CharField()
    score = serializers.FloatField()


class HitsSerializer(serializers.Serializer[Any]):
    """The best first; empty where the source says nothing about it."""

    hits = HitSerializer(many=True)


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List sources"),
    create=extend_schema(tags=TAG, summary="Create a source"),
    retrieve=extend_schema(tags=TAG, summary="A source"),
    update=extend_schema(tags=TAG, summary="Replace a source's description and language"),
    partial_update=extend_schema(tags=TAG, summary="Change a source"),
    destroy=extend_schema(
        tags=TAG, summary="Delete a source", description="Refused with 409 as long as an action searches it."
    ),
)
class SourcesViewSet(ConfigurationViewSet[Source]):
    """Actions and workflows name a source by its ``name``. Its documents are live: no publishing is needed."""

    queryset = Source.objects.none()
    lookup_value_regex = ID
    serializer_class = SourceSerializer
    filterset_fields = ("name",)

    @extend_schema(
        tags=TAG, summary="Ask a source", request=QuestionSerializer, responses={200: HitsSerializer}, filters=False
    )
    @action(detail=True, methods=["post"], url_path="search", url_name="search", pagination_class=None)
    def search(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        source: Source = self.get_object()
        body = checked(QuestionSerializer, request)
        asked = body.validated_data
        try:
            hits = search(source.pk, asked["query"], asked["limit"], asked["language"], asked["minimum_score"])
        except SourceNotReadyError as error:
            raise SourceNotReady(error.status.label) from error
        return Response(HitsSerializer({"hits": hits}).data)


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List a source's documents"),
    create=extend_schema(tags=TAG, summary="Add a document"),
    retrieve=extend_schema(tags=TAG, summary="A document"),
    update=extend_schema(tags=TAG, summary="Replace a document"),
    partial_update=extend_schema(tags=TAG, summary="Change a document"),
    destroy=extend_schema(tags=TAG, summary="Delete a document"),
)
class DocumentsViewSet(ConfigurationViewSet[Document]):
    """What is written is indexed by a worker within moments; watch ``state``."""

    queryset = Document.objects.none()
    lookup_value_regex = ID
    serializer_class = DocumentSerializer
    filterset_fields = ("state",)

    @property
    def source(self) -> Source:
        source = Source.objects.filter(pk=self.kwargs["source_id"]).first()
        if source is None:
            raise Http404
        return source

    def get_queryset(self) -> models.QuerySet[Document]:
        documents = super().get_queryset().filter(source=self.source)
        return documents.defer("text") if self.action == "list" else documents.select_related("source")

    def get_serializer_class(self) -> Any:
        return DocumentSummarySerializer if self.action == "list" else DocumentSerializer

    @extend_schema(tags=TAG, summary="Index a document again", request=None, responses={200: DocumentSummarySerializer})
    @action(detail=True, methods=["post"], url_path="retry", url_name="retry")
    def retry(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        document: Document = self.get_object()
        retry([document], anew=document.state != DocumentState.FAILED)
        return Response(DocumentSummarySerializer(document, context=self.get_serializer_context()).data)
