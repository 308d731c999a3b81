"""Addresses: the API under /api/v1/, the admin under /admin/, health under /healthz/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views import defaults
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from accounts.views import set_language, switch_account
from config import health
from config.admin_site import site
from config.api import problems
from config.api.urls import urlpatterns as configuration_urls

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("language/", set_language, name="set-language"),
    path("account/", switch_account, name="switch-account"),
    path("admin/", site.urls),
    path("api/v1/", include([path("", include("calls.api.urls")), *configuration_urls])),
    re_path(r"^api/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^api/docs/?$", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problems.not_found(request, exception)
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problems.server_error(request)
    return defaults.server_error(request)


