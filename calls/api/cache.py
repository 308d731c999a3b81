"""The before-call cache over the API: what it does, emptying it, and the payloads that its keys are taken from."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import ObjectField, StrictSerializer, checked
from accounts.api.scoping import AccountScoped
from actions.contract import JSON
from actions.models import Agent
from calls.api.reruns import SAMPLES, CallDataAccess
from calls.cache import emptying, keys, live
from calls.cache.report import CachedAction, cached_action, cached_actions
from calls.models import Call

TAG = ["Before-call cache"]


class CacheSerializer(serializers.Serializer[Any]):
    """One action's cache; counts are of the last seven days."""

    agent = serializers.CharField()
    action = serializers.CharField()
    keys = serializers.ListField(child=serializers.CharField())
    paused = serializers.BooleanField()
    hit_rate = serializers.FloatField(allow_null=True, help_text="From 0 to 1; null: nobody asked.")
    hits = serializers.IntegerField()
    stale = serializers.IntegerField(help_text="Old results in place of failures.")
    shared = serializers.IntegerField(help_text="Made for another call at the same time.")
    misses = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="Calls of which a path found nothing.")
    saved_ms = serializers.FloatField()
    entries = serializers.IntegerField(allow_null=True, help_text="Null: the cache cannot be reached.")
    oldest = serializers.DateTimeField(allow_null=True)
    newest = serializers.DateTimeField(allow_null=True)


class PauseSerializer(StrictSerializer):
    paused = serializers.BooleanField(help_text="While paused, the action runs for every call.")


class EmptySerializer(StrictSerializer):
    """Nothing: all of it. Else one of both."""

    number = serializers.CharField(
        required=False, max_length=50, help_text="Erase what was made in calls with this phone number."
    )
    key = ObjectField(required=False, help_text="Erase one result: a value for each path; left out: empty.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "number" in attrs and "key" in attrs:
            raise serializers.ValidationError({"key": [_("Give a number or a key, not both.")]})
        return attrs


class EmptyAccountSerializer(StrictSerializer):
    """Nothing: the whole account's."""

    number = serializers.CharField(required=False, max_length=50)


class EmptiedSerializer(serializers.Serializer[Any]):
    erased = serializers.IntegerField(allow_null=True, help_text="How many results; null: all, without counting.")


class PayloadSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    payload = ObjectField()


class CachesView(AccountScoped, APIView):
    @extend_schema(tags=TAG, summary="Every action with a cache", responses=CacheSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response([_cache_json(each) for each in cached_actions(self.account.pk)])


class EmptyAccountView(AccountScoped, APIView):
    @extend_schema(
        tags=TAG,
        summary="Empty the account's cache, or forget a phone number",
        request=EmptyAccountSerializer,
        responses=EmptiedSerializer,
    )
    def post(self, request: Request) -> Response:
        asked = checked(EmptyAccountSerializer, request).validated_data
        if "number" in asked:
            return Response({"erased": emptying.forget_number(self.account.pk, asked["number"])})
        emptying.empty_account(self.account.pk)
        return Response({"erased": None})


class OfAction(AccountScoped):
    """Mixin: the cached action of the address. Raises Http404, also for another account's."""

    def cached(self) -> CachedAction:
        arguments: dict[str, str] = self.kwargs  # type: ignore[attr-defined]
        agent = get_object_or_404(Agent, slug=arguments["agent_slug"])
        for each in cached_actions(self.account.pk):
            if each.agent == agent and each.planned.name == arguments["action_name"]:
                return each
        raise Http404


class CacheView(OfAction, APIView):
    @extend_schema(tags=TAG, summary="One action's cache", responses=CacheSerializer)
    def get(self, request: Request, **kwargs: str) -> Response:
        return Response(_cache_json(self.cached()))

    @extend_schema(
        tags=TAG, summary="Pause or resume an action's cache", request=PauseSerializer, responses=CacheSerializer
    )
    def patch(self, request: Request, **kwargs: str) -> Response:
        """At once, for calls that begin from now on; nothing is published."""
        cached = self.cached()
        paused = checked(PauseSerializer, request).validated_data["paused"]
        live.pause(self.account.pk, cached.action_id, paused=paused)
        again = cached_action(self.account.pk, cached.agent, cached.action_id)
        return Response(_cache_json(again or cached))


class EmptyView(OfAction, APIView):
    @extend_schema(tags=TAG, summary="Empty an action's cache", request=EmptySerializer, responses=EmptiedSerializer)
    def post(self, request: Request, **kwargs: str) -> Response:
        cached = self.cached()
        asked = checked(EmptySerializer, request).validated_data
        account_id = self.account.pk
        if "number" in asked:
            return Response({"erased": emptying.forget_number(account_id, asked["number"])})
        if "key" in asked:
            if unknown := sorted(asked["key"].keys() - set(cached.keys)):
                raise serializers.ValidationError(
                    {"key": [_("No path of the key: %(paths)s.") % {"paths": ", ".join(unknown)}]}
                )
            return Response({"erased": emptying.forget_key(account_id, cached.planned, asked["key"])})
        emptying.empty_action(account_id, cached.action_id)
        return Response({"erased": None})


class PayloadsView(AccountScoped, APIView):
    permission_classes = [CallDataAccess]

    @extend_schema(
        tags=TAG,
        summary="Payloads of an agent's last calls, to take cache keys from",
        responses=PayloadSerializer(many=True),
    )
    def get(self, request: Request, agent_slug: str) -> Response:
        agent = get_object_or_404(Agent, slug=agent_slug)
        calls = Call.objects.filter(agent=agent).order_by("-begun_at")[:SAMPLES]
        return Response([_sample(call, agent.slug) for call in calls])


def _sample(call: Call, agent: str) -> dict[str, JSON]:
    payload = keys.payload_of(call, agent)
    title = f"{date_format(localtime(call.begun_at), 'SHORT_DATETIME_FORMAT')} · {call}"
    return {"title": title, "payload": payload}


def _cache_json(cached: CachedAction) -> dict[str, JSON]:
    use, kept = cached.use, cached.kept
    return {
        "agent": cached.agent.slug,
        "action": cached.planned.name,
        "keys": list(cached.keys),
        "paused": cached.is_paused,
        "hit_rate": use.hit_rate,
        "hits": use.hits,
        "stale": use.stale,
        "shared": use.shared,
        "misses": use.misses,
        "skipped": use.skipped,
        "saved_ms": round(use.saved_ms, 1),
        "entries": kept.count,
        "oldest": kept.oldest,
        "newest": kept.newest,
    }
