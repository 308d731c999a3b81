"""Sources in the API, and asking one."""

from __future__ import annotations

from typing import Any

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
from knowledge.api.documents import ID, TAG
from knowledge.asking import ask_now
from knowledge.models import Source
from knowledge.search import DEFAULT_HITS, LONGEST_QUERY, MINIMUM_SCORE, MOST_HITS, SourceNotReadyError


class SourceNotReady(Problem):
    """``detail`` says why: it is empty, still being indexed, or none of its documents could be."""

    status = 409
    code = "source_not_ready"
    title = _("The source cannot be searched now")


class SourceSerializer(CleanModelSerializer[Source]):
    """A set of documents that is searched as one. Its name cannot be changed: workflows use it."""

    class Meta:
        model = Source
        fields = ["id", "name", "description", "language", "crawl_every", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> Source:
        return Source(account=self.context["view"].account)

    def validate_name(self, name: str) -> str:
        if self.instance is not None and name != self.instance.name:
            raise serializers.ValidationError(_("The name of a source cannot be changed."))
        return name


class SourceQuestionSerializer(StrictSerializer):
    """What to look for, in any words."""

    query = serializers.CharField(max_length=LONGEST_QUERY)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_HITS, default=DEFAULT_HITS)
    language = serializers.ChoiceField(choices=["", "fr", "en"], default="", help_text="Empty: recognised.")
    minimum_score = serializers.FloatField(min_value=0, max_value=1, default=MINIMUM_SCORE)


class HitSerializer(serializers.Serializer[Any]):
    """A passage that answers. ``score`` is 0 to 1, whether words or meaning found it; ``page`` is that of a PDF."""

    document = serializers.CharField()
    heading = serializers.CharField()
    text = serializers.CharField()
    page = serializers.IntegerField(allow_null=True)
    score = serializers.FloatField()


class HitsSerializer(serializers.Serializer[Any]):
    """The best first; empty where the source says nothing about it. ``warnings`` say what kept meaning out."""

    hits = HitSerializer(many=True)
    by_meaning = serializers.BooleanField(help_text="Whether vectors took part, beside words.")
    warnings = serializers.ListField(child=serializers.CharField())


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List sources"),
    create=extend_schema(tags=TAG, summary="Create a source"),
    retrieve=extend_schema(tags=TAG, summary="A source"),
    update=extend_schema(tags=TAG, summary="Replace a source's settings"),
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
        tags=TAG,
        summary="Ask a source",
        request=SourceQuestionSerializer,
        responses={200: HitsSerializer},
        filters=False,
    )
    @action(detail=True, methods=["post"], url_path="search", url_name="search", pagination_class=None)
    def search(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        source: Source = self.get_object()
        body = checked(SourceQuestionSerializer, request)
        asked = body.validated_data
        try:
            answer = ask_now(
                source.pk,
                asked["query"],
                limit=asked["limit"],
                language=asked["language"],
                minimum_score=asked["minimum_score"],
            )
        except SourceNotReadyError as error:
            raise SourceNotReady(error.status.label) from error
        return Response(HitsSerializer(answer).data)
