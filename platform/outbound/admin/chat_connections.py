"""The account's language models, each tried with a button."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.admin_base import AccountAdmin
from outbound.chat_trial import try_chat
from outbound.models import ChatConnection
from outbound.services import ServiceError


@admin.register(ChatConnection)
class ChatConnectionAdmin(AccountAdmin):
    fields = ("name", "url", "auth_profile", "model", "timeout_s")
    list_display = ("name", "model", "url", "auth_profile")
    list_select_related = ("auth_profile",)
    search_fields = ("name", "model")
    actions_detail = ("test_connection",)

    def has_test_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    @action(description=gettext_lazy("Test"), permissions=["test"], icon="network_check")
    def test_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection: ChatConnection = self.row_or_404(request, object_id)
        back = reverse("admin:outbound_chatconnection_change", args=[connection.pk])
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Test the connection?"),
                object=connection,
                text=_("A short question is sent to the service, as it is saved here."),
                submit=_("Test"),
                back=back,
            )
        try:
            messages.success(request, try_chat(connection))
        except ServiceError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(back)
