"""Contacts in the API: found by their number, changed name by name."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import ObjectField, StrictSerializer, checked
from accounts.api.viewsets import ScopedViewSet
from contacts.merging import merge_contact
from contacts.models import Contact
from contacts.values import normalise_phone

TAG = ["Contacts"]


class ContactSerializer(serializers.ModelSerializer[Contact]):
    """What the account knows of one caller."""

    attributes = ObjectField()
    external_ids = ObjectField()

    class Meta:
        model = Contact
        fields = ["id", "phone", "attributes", "external_ids", "created_at", "updated_at"]


class ContactChangesSerializer(StrictSerializer):
    """The names that are given are set, those given as null removed; all others stay."""

    attributes = ObjectField(required=False)
    external_ids = ObjectField(required=False)


@extend_schema_view(
    list=extend_schema(
        tags=TAG,
        summary="List contacts, those changed last first",
        parameters=[OpenApiParameter("phone", description="The whole number, in international form.")],
    ),
    retrieve=extend_schema(tags=TAG, summary="A contact"),
)
class ContactsViewSet(ListModelMixin, RetrieveModelMixin, ScopedViewSet[Contact]):
    queryset = Contact.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = ContactSerializer

    def get_queryset(self) -> QuerySet[Contact]:
        contacts = super().get_queryset()
        phone = self.request.query_params.get("phone")
        return contacts if phone is None else contacts.filter(phone=normalise_phone(phone))

    @extend_schema(tags=TAG, summary="Change a contact", request=ContactChangesSerializer, responses=ContactSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        contact = self.get_object()
        body = checked(ContactChangesSerializer, request)
        changes = {name: body.validated_data.get(name, {}) for name in ("attributes", "external_ids")}
        try:
            contact, _is_new = merge_contact(self.account.pk, contact.phone, **changes)
        except ModelError as error:
            raise serializers.ValidationError({"attributes": error.messages}) from error
        return Response(ContactSerializer(contact).data)
