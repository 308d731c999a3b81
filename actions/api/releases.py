"""Publishing an agent, what was published, and going back."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import ObjectField, StrictSerializer, checked
from accounts.api.viewsets import ScopedViewSet
from accounts.models import User
from accounts.problems import Problem
from actions.api.actions import OfAgent
from actions.models import Release
from actions.releases import Missing, PublishError, PublishProblem, RollBackError, publish, roll_back


class NotPublishable(Problem):
    """``errors`` lists everything that keeps the agent from being published."""

    status = 422
    code = "not_publishable"
    title = _("The agent cannot be published")


class NotRunnable(Problem):
    """``errors`` says why: what the release refers to was deleted, or this version of the product cannot read it."""

    status = 409
    code = "not_runnable"
    title = _("This version can no longer be run")


class ReleaseSummarySerializer(serializers.ModelSerializer[Release]):
    """A release as lists show it."""

    rolled_back_to = serializers.IntegerField(
        source="rolled_back_to.number",
        read_only=True,
        allow_null=True,
        help_text="The release whose content this one has.",
    )
    published_by = serializers.CharField(
        source="published_by.email", read_only=True, allow_null=True, help_text="Null when a program published it."
    )
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = Release
        fields = ["number", "note", "is_current", "rolled_back_to", "published_by", "published_at"]

    def get_is_current(self, release: Release) -> bool:
        return release.pk == self.context["view"].agent.current_release_id


class ReleaseSerializer(ReleaseSummarySerializer):
    """``content`` is what calls run on: the agent, its classifiers and its actions as they were published."""

    content = ObjectField(source="snapshot", read_only=True)

    class Meta(ReleaseSummarySerializer.Meta):
        fields = [*ReleaseSummarySerializer.Meta.fields, "content"]


class PublishSerializer(StrictSerializer):
    """May be left out."""

    note = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="What changed, for people."
    )


TAG = ["Releases"]


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List an agent's releases, the newest first"),
    retrieve=extend_schema(tags=TAG, summary="A release with its content"),
)
class ReleasesViewSet(OfAgent, mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet[Release]):
    """A release never changes; calls keep the one they began with."""

    queryset = Release.objects.none()
    lookup_field = "number"
    lookup_value_regex = "[0-9]{1,9}"

    def get_queryset(self) -> models.QuerySet[Release]:
        related = super().get_queryset().select_related("rolled_back_to", "published_by")
        found = related.filter(agent=self.agent)
        return found.defer("snapshot", "rolled_back_to__snapshot") if self.action == "list" else found

    def get_serializer_class(self) -> Any:
        return ReleaseSummarySerializer if self.action == "list" else ReleaseSerializer

    @extend_schema(
        tags=TAG,
        summary="Publish the agent as it is now",
        description="With 422, `errors` lists everything that is wrong, at `actions.<name>.<field>`.",
        request=PublishSerializer,
        responses={201: ReleaseSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        note = self._note(request)
        try:
            release = publish(self.agent, by=_person(request), note=note)
        except PublishError as error:
            raise NotPublishable(fields=[(_field(each), each.message) for each in error.problems]) from error
        return self._stored(release)

    @extend_schema(
        tags=TAG,
        summary="Publish an earlier release's content again",
        description="The draft stays as it is. With 409, `errors` lists what the release needs and was deleted since.",
        request=PublishSerializer,
        responses={201: ReleaseSerializer},
    )
    @action(detail=True, methods=["post"], url_path="roll-back", url_name="roll-back")
    def roll_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        earlier, note = self.get_object(), self._note(request)
        try:
            release = roll_back(self.agent, to=earlier, by=_person(request), note=note)
        except RollBackError as error:
            raise NotRunnable(fields=[(_place(each), each.message) for each in error.missing]) from error
        return self._stored(release)

    def _note(self, request: Request) -> str:
        body = checked(PublishSerializer, request)
        note: str = body.validated_data.get("note", "")
        return note

    def _stored(self, release: Release) -> Response:
        self.agent.current_release = release
        return Response(ReleaseSerializer(release, context=self.get_serializer_context()).data, status=201)


def _person(request: Request) -> User | None:
    """None for a program."""
    return request.user if isinstance(request.user, User) else None


def _field(problem: PublishProblem) -> str:
    return f"actions.{problem.action.name}.{problem.field}" if problem.action else problem.field


def _place(missing: Missing) -> str:
    return f"actions.{missing.action}" if missing.action else "agent"
