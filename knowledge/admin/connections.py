"""The account's embedding connection: one at most, tried with a button."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.admin_base import AccountAdmin, breadcrumbs
from knowledge.embedding.client import EmbeddingError
from knowledge.embedding.models import EmbeddingConnection
from knowledge.embedding.trial import try_connection


@admin.register(EmbeddingConnection)
class EmbeddingConnectionAdmin(AccountAdmin):
    fieldsets = (
        (None, {"fields": ("enabled", "url", "auth_profile", "model", "dimensions", "send_dimensions")}),
        (gettext_lazy("Texts"), {"fields": ("query_prefix", "passage_prefix")}),
        (gettext_lazy("Limits"), {"fields": ("query_timeout_ms", "timeout_s", "batch_size")}),
    )
    list_display = ("model", "url", "enabled")
    actions = None
    actions_detail = ("test_connection",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one or none: the way leads there."""
        connection = EmbeddingConnection.objects.first()
        if connection is not None:
            return HttpResponseRedirect(_url(connection))
        if self.has_add_permission(request):
            return HttpResponseRedirect(reverse("admin:knowledge_embeddingconnection_add"))
        return super().changelist_view(request, extra_context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        if request.method == "GET" and (connection := EmbeddingConnection.objects.first()):
            return HttpResponseRedirect(_url(connection))
        return super().add_view(request, form_url, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        breadcrumbs(
            request, (reverse("admin:knowledge_source_changelist"), _("Knowledge")), ("", _("Search by meaning"))
        )
        context = {"title": _("Search by meaning"), "subtitle": None, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(_url(obj))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(_url(obj))

    def has_test_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    @action(description=gettext_lazy("Test"), permissions=["test"], icon="network_check")
    def test_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection: EmbeddingConnection = self.row_or_404(request, object_id)
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Test the connection?"),
                object=connection,
                text=_("24 short texts are sent to the service, as it is saved here."),
                submit=_("Test"),
                back=_url(connection),
            )
        try:
            well, sentence = try_connection(connection)
        except EmbeddingError as error:
            messages.error(request, error.message)
        else:
            (messages.success if well else messages.warning)(request, sentence)
        return HttpResponseRedirect(_url(connection))


def _url(connection: EmbeddingConnection) -> str:
    return reverse("admin:knowledge_embeddingconnection_change", args=[connection.pk])
