"""Documents in the API: texts and web pages as JSON, files as multipart forms."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import StrictSerializer, checked
from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.viewsets import ConfigurationViewSet
from accounts.models import Language
from knowledge.api.parsers import BoundedMultiPartParser
from knowledge.ingestion import retry
from knowledge.models import LONGEST_URL, Document, DocumentKind, Source
from knowledge.uploads import put_file, put_url
from knowledge.web_pages import next_visit

ID = "[0-9]{1,18}"
TAG = ["Knowledge"]


class DocumentProgress(serializers.Serializer[Any]):
    """Pages, slides or sheets; both 0 before the first is read, and for what has none."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()


class DocumentSerializer(CleanModelSerializer[Document]):
    """A text, plain or Markdown; a web page (give its ``url``); or a file (see *Upload a file*).

    ``state`` is ``ready`` once it can be found; ``failed`` comes with an ``error``. A web page that is ``ready`` with
    an ``error`` could not be fetched again, and is found as it was. Form feeds in ``text`` end pages.
    """

    title = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="Empty for a web page: its own title."
    )
    text = serializers.CharField(
        default="",
        allow_blank=True,
        trim_whitespace=False,
        help_text="Of files and web pages: what was read; read only.",
    )
    url = serializers.CharField(max_length=LONGEST_URL, default="", allow_blank=True)
    error = serializers.CharField(read_only=True, allow_blank=True)
    progress = serializers.SerializerMethodField()
    next_visit_at = serializers.SerializerMethodField(help_text="When the web page is fetched again.")

    class Meta:
        model = Document
        fields = [
            "id",
            "title",
            "kind",
            "text",
            "url",
            "language",
            "recognised",
            "state",
            "progress",
            "error",
            "error_details",
            "file_name",
            "media_type",
            "size",
            "pages",
            "fetched_at",
            "next_visit_at",
            "updated_at",
        ]
        read_only_fields = [
            "kind",
            "recognised",
            "state",
            "error_details",
            "file_name",
            "media_type",
            "size",
            "pages",
            "fetched_at",
            "updated_at",
        ]

    @extend_schema_field(DocumentProgress)
    def get_progress(self, document: Document) -> dict[str, int]:
        return {"done": document.done, "total": document.total}

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_visit_at(self, document: Document) -> Any:
        when = next_visit(document) if document.kind == DocumentKind.PAGE else None
        return serializers.DateTimeField().to_representation(when) if when else None

    def new_instance(self) -> Document:
        return Document(source=self.context["view"].source)

    def _store(self, instance: Document, data: dict[str, Any]) -> Document:
        url = data.pop("url", "")
        is_page = instance.kind == DocumentKind.PAGE or (instance.pk is None and bool(url))
        if is_page or instance.kind == DocumentKind.FILE:
            if data.get("text") not in {None, "", instance.text}:
                raise serializers.ValidationError({"text": [_("This text is read from the document.")]})
            data = {name: value for name, value in data.items() if name != "text" and (name, value) != ("title", "")}
        elif not data.get("text", instance.text).strip():
            raise serializers.ValidationError({"text": [_("Write the text.")]})
        if url and not is_page:
            raise serializers.ValidationError({"url": [_("Only a web page has an address.")]})
        if url:
            try:
                put_url(instance, url)
            except ValidationError as error:
                raise serializers.ValidationError({"url": error.messages}) from error
        return super()._store(instance, data)


class DocumentSummarySerializer(DocumentSerializer):
    """A document as lists show it: without its text."""

    class Meta(DocumentSerializer.Meta):
        fields = [name for name in DocumentSerializer.Meta.fields if name != "text"]


class FileSerializer(StrictSerializer):
    """A PDF, DOCX, XLSX, PPTX, CSV, HTML, Markdown or text file."""

    file = serializers.FileField(allow_empty_file=True)


class UploadSerializer(FileSerializer):
    """A file that becomes a document; without a ``title``, its name is one."""

    title = serializers.CharField(max_length=200, default="", allow_blank=True)
    language = serializers.ChoiceField(
        choices=["", *Language.values], default="", help_text="Empty: as the source says, otherwise recognised."
    )


class RetriedSerializer(serializers.Serializer[Any]):
    """How many documents are tried again."""

    count = serializers.IntegerField()


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List a source's documents"),
    create=extend_schema(tags=TAG, summary="Add a text or a web page"),
    retrieve=extend_schema(tags=TAG, summary="A document"),
    update=extend_schema(tags=TAG, summary="Replace a document"),
    partial_update=extend_schema(tags=TAG, summary="Change a document"),
    destroy=extend_schema(tags=TAG, summary="Delete a document"),
)
class DocumentsViewSet(ConfigurationViewSet[Document]):
    """What is written is read and indexed by a worker within moments; watch ``state``."""

    queryset = Document.objects.none()
    lookup_value_regex = ID
    serializer_class = DocumentSerializer
    filterset_fields = ("state", "kind")

    @property
    def source(self) -> Source:
        source = Source.objects.filter(pk=self.kwargs["source_id"]).first()
        if source is None:
            raise Http404
        return source

    def get_queryset(self) -> models.QuerySet[Document]:
        documents = super().get_queryset().filter(source=self.source).select_related("source")
        return documents.defer("text") if self.action == "list" else documents

    def get_serializer_class(self) -> Any:
        return DocumentSummarySerializer if self.action == "list" else DocumentSerializer

    @extend_schema(
        tags=TAG,
        summary="Upload a file",
        description="At most `DOCUMENT_MAX_MB` megabytes (20 by default). It is read by a worker: watch `state`.",
        request={"multipart/form-data": UploadSerializer},
        responses={201: DocumentSummarySerializer},
        filters=False,
    )
    @action(detail=False, methods=["post"], url_path="upload", parser_classes=[BoundedMultiPartParser])
    def upload(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = checked(UploadSerializer, request).validated_data
        document = Document(source=self.source, title=given["title"], language=given["language"])
        return Response(self._put(document, given["file"]), status.HTTP_201_CREATED)

    @extend_schema(
        tags=TAG,
        summary="Replace a document's file",
        description="What was read from the present file can be found until the new one is read.",
        request={"multipart/form-data": FileSerializer},
        responses={200: DocumentSummarySerializer},
    )
    @action(detail=True, methods=["put"], url_path="file", parser_classes=[BoundedMultiPartParser])
    def file(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        document: Document = self.get_object()
        if document.kind != DocumentKind.FILE:
            raise serializers.ValidationError({"file": [_("Only the file of a file can be replaced.")]})
        return Response(self._put(document, checked(FileSerializer, request).validated_data["file"]))

    def _put(self, document: Document, file: Any) -> dict[str, Any]:
        """``file`` stored as the file of the document, as everything else of it is checked and saved."""
        serializer: Any = DocumentSummarySerializer(document, context=self.get_serializer_context())
        with transaction.atomic():
            try:
                put_file(document, file)
            except ValidationError as error:
                raise serializers.ValidationError({"file": error.messages}) from error
            document = CleanModelSerializer._store(serializer, document, {})
        return DocumentSummarySerializer(document, context=self.get_serializer_context()).data

    @extend_schema(
        tags=TAG, summary="Read and index a document again", request=None, responses=DocumentSummarySerializer
    )
    @action(detail=True, methods=["post"], url_path="retry", url_name="retry")
    def retry(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        document: Document = self.get_object()
        retry([document], anew=True)
        return Response(DocumentSummarySerializer(document, context=self.get_serializer_context()).data)

    @extend_schema(
        tags=TAG,
        summary="Retry all documents that failed",
        description="Web pages, too, that could not be fetched again.",
        request=None,
        responses=RetriedSerializer,
        filters=False,
    )
    @action(detail=False, methods=["post"], url_path="retry-failed", pagination_class=None)
    def retry_failed(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        failed = list(Document.failed().filter(source=self.source).select_related("source"))
        retry(failed, anew=True)
        return Response({"count": len(failed)})
