"""Where mail providers report what became of messages: django-anymail's own views behind one door."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from notifications.email.reports import ComeAgain

log = structlog.get_logger(__name__)

View = Callable[[HttpRequest], HttpResponse]


@csrf_exempt
def track(request: HttpRequest, provider: str) -> HttpResponse:
    """Takes nothing without the secret, and is not there at all unless the operator has set one."""
    view = _views().get(provider)
    if view is None or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    try:
        return view(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse(status=403)
    except ComeAgain:
        return HttpResponse(status=503, headers={"Retry-After": "60"})
    except ImproperlyConfigured as error:
        log.warning("email_report_not_configured", provider=provider, error=str(error))
        raise Http404 from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # The sender has the secret, but this is no report of theirs.
        log.warning("email_report_not_understood", provider=provider, error=type(error).__name__)
        return HttpResponse(status=400)


@lru_cache(maxsize=1)
def _views() -> dict[str, View]:
    """By the provider's name in django-anymail. Imported late: few processes need them."""
    from anymail.urls import urlpatterns

    end = "_tracking_webhook"
    return {str(each.name).removesuffix(end): each.callback for each in urlpatterns if str(each.name).endswith(end)}
