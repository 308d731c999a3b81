"""Auth profiles in the API: their secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from accounts.api.authentication import Access
from accounts.api.fields import ObjectField
from accounts.api.used import UsedSerializer, UsedViewSet
from outbound.auth import registry
from outbound.models import AuthProfile
from outbound.usage import ProfileUse, uses_by_profile


class SecretsField(serializers.DictField):
    """Secrets by name; what is left out or empty is kept. No error repeats what was sent."""

    child = serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=20_000)


@extend_schema_field(serializers.ChoiceField(choices=[kind.name for kind in registry.all_kinds()]))
class KindField(serializers.CharField):
    """A type of auth profile; the model says which there are."""


class AuthProfileSerializer(UsedSerializer[AuthProfile]):
    """How requests prove to another system on whose behalf they ask.

    Members who may only look see name, type and description; the rest is empty for them.
    """

    kind = KindField(max_length=40)
    settings = ObjectField(default=dict, help_text="What is no secret; its members depend on `kind`.")
    hosts = serializers.ListField(
        child=serializers.CharField(max_length=300),
        default=list,
        max_length=50,
        help_text="The only hosts that it may be sent to: crm.example, crm.example:8443, *.crm.example. Empty: any.",
    )
    secrets = SecretsField(write_only=True, required=False, help_text="Never shown. What is left out is kept.")

    class Meta:
        model = AuthProfile
        fields = [
            "name",
            "kind",
            "description",
            "settings",
            "secrets",
            "hosts",
            "expires_at",
            "used_by",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["expires_at", "created_at", "updated_at"]

    def new_instance(self) -> AuthProfile:
        return AuthProfile(account=self.context["view"].account)

    def _store(self, instance: AuthProfile, data: dict[str, Any]) -> AuthProfile:
        instance.enter_secrets(data.pop("secrets", {}))
        return super()._store(instance, data)

    def to_representation(self, instance: AuthProfile) -> dict[str, Any]:
        shown = super().to_representation(instance)
        access = self.context["request"].auth
        if isinstance(access, Access) and not access.may_edit_configuration:
            shown |= {"settings": {}, "hosts": [], "used_by": []}
        return shown


TAG = ["Auth profiles"]


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List auth profiles"),
    create=extend_schema(tags=TAG, summary="Create an auth profile"),
    retrieve=extend_schema(tags=TAG, summary="An auth profile"),
    partial_update=extend_schema(
        tags=TAG,
        summary="Change an auth profile",
        description=(
            "Name and type stay. Secrets that are left out are kept, unless the change would let them go to other "
            "hosts than before: then they are asked for again."
        ),
    ),
    destroy=extend_schema(
        tags=TAG,
        summary="Delete an auth profile",
        description="Refused with 409 as long as a workflow, drawn or published, uses it.",
    ),
)
class AuthProfilesViewSet(UsedViewSet[AuthProfile]):
    """Workflows name a profile by its `name`. A change counts within five seconds, for calls under way, too."""

    queryset = AuthProfile.objects.none()
    lookup_field = "name"
    lookup_value_regex = r"[-\w]{1,63}"
    serializer_class = AuthProfileSerializer
    http_method_names = ["get", "post", "patch", "delete", "head"]
    filterset_fields = ("kind",)

    def uses_by_row(self, rows: Iterable[AuthProfile]) -> dict[int, list[ProfileUse]]:
        by_name = uses_by_profile(self.account.pk)
        return {profile.pk: by_name.get(profile.name, []) for profile in rows}
