"""The account that a key or a session works in."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.scoping import AccountScoped
from accounts.models import Account


class FeaturesSerializer(serializers.ModelSerializer[Account]):
    """What platform staff switched on for the account."""

    class Meta:
        model = Account
        fields = ["before_call_cache"]


class AccountSerializer(serializers.ModelSerializer[Account]):
    features = FeaturesSerializer(source="*", read_only=True)

    class Meta:
        model = Account
        fields = ["slug", "name", "features"]


class AccountView(AccountScoped, APIView):
    @extend_schema(tags=["Account"], summary="The account that you work in", responses=AccountSerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(AccountSerializer(self.account).data)
