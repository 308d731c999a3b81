"""Files of numbers in the API: upload, look at what the check found, confirm, download what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import IO, Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from accounts.api.fields import StrictSerializer, checked
from accounts.api.scoping import AccountScoped
from accounts.api.viewsets import ScopedViewSet
from accounts.models import User
from accounts.problems import Problem
from actions.api.actions import OfAgent
from transfers import imports
from transfers.action import TransferAction
from transfers.imports.refusals import refusal_sentence
from transfers.models import ImportMode, NumberImport

TAG = ["Imports of numbers"]
CSV_FILE = {(200, "text/csv"): OpenApiTypes.BINARY}
FILES = {(200, imports.content_type(name)): OpenApiTypes.BINARY for name in imports.FORMATS}


class FileRefused(Problem):
    """``reason`` is a stable word, ``detail`` the sentence. Nothing was stored, or written."""

    status = 422
    code = "file_refused"
    title = gettext_lazy("The file cannot be imported")


class FileTooLarge(Problem):
    status = 413
    code = "too_large"
    title = gettext_lazy("The request is too large")


class ImportNotReady(Problem):
    status = 409
    code = "import_not_ready"
    title = gettext_lazy("The import is in another state")


class BoundedFormParser(MultiPartParser):
    """At most ``IMPORT_BODY_MAX_BYTES``: ``config.api.bodies`` has cut off what is beyond, and counted one more."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > settings.IMPORT_BODY_MAX_BYTES:
            raise FileTooLarge(refusal_sentence("too_large", {"limit": imports.LARGEST_FILE // 1024**2}))
        return super().parse(stream, media_type, parser_context)


class NumberFileSerializer(StrictSerializer):
    """CSV (UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab) or .xlsx, with a column `phone`."""

    file = serializers.FileField(allow_empty_file=True)
    mode = serializers.ChoiceField(ImportMode.choices, default=ImportMode.ADD)


class ConfirmImportSerializer(StrictSerializer):
    """What to do about bad lines; without a word, an import that has some is refused."""

    skip_bad_lines = serializers.BooleanField(default=False, help_text="Import the good lines only.")
    take_suggestions = serializers.BooleanField(
        default=False, help_text="Import the suggestion where a bad line has one."
    )


class ImportProblemSerializer(serializers.Serializer[Any]):
    """A line that is bad, or (`is_notice`) that there is nothing to do about."""

    line = serializers.IntegerField(help_text="In the file, counted from 1.")
    code = serializers.CharField(help_text="A stable word.")
    value = serializers.CharField()
    reason = serializers.CharField()
    suggestion = serializers.CharField(help_text="What was probably meant; empty: nobody can tell.")
    is_notice = serializers.BooleanField()


class NumberImportSerializer(serializers.ModelSerializer[NumberImport]):
    """`counts` has `lines`, `bad`, `suggestions`, `duplicates`, and what the list gets of it: `new`, `changed`,
    `same`, `kept`, `unknown`, `removed`. Once the state is `done`, it says what was written."""

    error = serializers.SerializerMethodField(help_text="Why the import was refused or failed; mostly empty.")
    problems = serializers.SerializerMethodField(help_text="The first ones, bad lines before notices.")
    ignored_columns = serializers.SerializerMethodField()
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    preview = serializers.ListField(
        child=serializers.ListField(), read_only=True, help_text="Line, number and description of the first lines."
    )

    class Meta:
        model = NumberImport
        fields = [
            "id", "mode", "file_name", "state", "error", "progress", "total", "counts", "preview", "problems",
            "ignored_columns", "takes_suggestions", "skips_bad_lines", "uploaded_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_error(self, row: NumberImport) -> str:
        return imports.error_sentence(row)

    @extend_schema_field(ImportProblemSerializer(many=True))
    def get_problems(self, row: NumberImport) -> Any:
        return ImportProblemSerializer(imports.first_problems(row), many=True).data

    def get_ignored_columns(self, row: NumberImport) -> list[str]:
        return list(row.reading.get("ignored", ()))


class OfTransfer(OfAgent):
    """Mixin of views below ``agents/{agent_slug}/actions/{action_name}/``."""

    @cached_property
    def transfer(self) -> TransferAction:
        """Raises Http404, also for another account's action, and for actions of other kinds."""
        rows = TransferAction.objects.select_related("agent__account")
        return get_object_or_404(rows, agent=self.agent, name=self.kwargs["action_name"])


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List imports into a transfer"),
    retrieve=extend_schema(tags=TAG, summary="An import", description="Ask again while its state moves on."),
)
class ImportsViewSet(OfTransfer, ListModelMixin, RetrieveModelMixin, ScopedViewSet[NumberImport]):
    """Upload, look at what the check found, confirm. Nothing is written before, and everything or nothing then."""

    queryset = NumberImport.objects.none()
    serializer_class = NumberImportSerializer
    lookup_value_regex = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    filterset_fields = ("state",)
    parser_classes = (BoundedFormParser,)

    def get_queryset(self) -> QuerySet[NumberImport]:
        return super().get_queryset().filter(action=self.transfer.pk)

    @extend_schema(
        tags=TAG,
        summary="Upload a file of numbers",
        description="At most 5 MB. Small files are checked at once, large ones by a worker: watch `state`.",
        request={"multipart/form-data": NumberFileSerializer},
        responses={201: NumberImportSerializer},
        filters=False,
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = checked(NumberFileSerializer, request).validated_data
        try:
            row = imports.open_import(
                self.transfer,
                file_name=given["file"].name,
                content=given["file"].read(),
                mode=given["mode"],
                by=request.user if isinstance(request.user, User) else None,
            )
        except imports.ImportRefused as error:
            raise _refused(error) from error
        imports.start_check(row)
        return Response(self.get_serializer(row).data, status=201)

    @extend_schema(
        tags=TAG, summary="Write the numbers", request=ConfirmImportSerializer, responses={200: NumberImportSerializer}
    )
    @action(detail=True, methods=["post"], parser_classes=api_settings.DEFAULT_PARSER_CLASSES)
    def confirm(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        try:
            imports.confirm(row, **checked(ConfirmImportSerializer, request).validated_data)
        except imports.ImportRefused as error:
            raise _refused(error) from error
        except imports.WrongState as error:
            raise ImportNotReady(row.get_state_display()) from error
        return Response(self.get_serializer(row).data)

    @extend_schema(
        tags=TAG,
        summary="Cancel an import",
        description="409 once it has ended: the numbers are written, or none of them ever will be.",
        request=None,
        responses={200: NumberImportSerializer},
    )
    @action(detail=True, methods=["post"], parser_classes=api_settings.DEFAULT_PARSER_CLASSES)
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        if not imports.cancel(row):
            raise ImportNotReady(row.get_state_display())
        return Response(self.get_serializer(row).data)

    @extend_schema(tags=TAG, summary="Every line that was left out, as CSV", request=None, responses=CSV_FILE)
    @action(detail=True, methods=["get"])
    def report(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return download(*imports.report(self.get_object()), "text/csv")


class ExportNumbersView(OfTransfer, AccountScoped, APIView):
    @extend_schema(
        tags=TAG,
        summary="The numbers of a transfer as a file",
        description="It can be imported again. Descriptions that a spreadsheet would run begin with an apostrophe.",
        parameters=[OpenApiParameter("as", str, enum=list(imports.FORMATS), default="csv")],
        responses=FILES,
        operation_id="export_numbers",
    )
    def get(self, request: Request, **kwargs: str) -> HttpResponseBase:
        wanted = request.query_params.get("as", "csv")
        if wanted not in imports.FORMATS:
            known = ", ".join(imports.FORMATS)
            raise serializers.ValidationError({"as": [_("Choose one of: %(known)s.") % {"known": known}]})
        return imports.send_export(self.transfer, wanted)


def download(file_name: str, content: bytes, content_type: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{file_name}"', "X-Content-Type-Options": "nosniff"},
    )


def _refused(error: imports.ImportRefused) -> Problem:
    kind = FileTooLarge if error.code == "too_large" else FileRefused
    return kind(error.sentence, members={"reason": error.code})
