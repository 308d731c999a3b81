"""Addresses: the API under /api/v1/, the admin under /admin/, health under /healthz/."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views import defaults
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.views import set_language, switch_account
from config import health
from config.api import problems
from config.api.urls import urlpatterns as configuration_urls
from notifications.email.tracking import track
from notifications.sms.views import report as sms_report

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("language/", set_language, name="set-language"),
    path("account/", switch_account, name="switch-account"),
    path("admin/", admin.site.urls),
    path("api/hooks/email/<slug:provider>", track, name="email-report"),
    path("api/hooks/sms/<slug:token>", sms_report, name="sms-report"),
    path("api/v1/", include([path("", include("calls.api.urls")), *configuration_urls])),
    re_path(r"^api/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^api/docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.page(request, 400) or defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.page(request, 403) or defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.page(request, 404) or defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    return problems.page(request, 500) or defaults.server_error(request)
