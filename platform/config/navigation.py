"""Theme and navigation of the admin."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Triptyque",
    "SITE_HEADER": "Triptyque",
    "SITE_ICON": lambda request: static("triptyque/logo.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("triptyque/logo.svg")},
    ],
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("triptyque/admin.css")],
    "SCRIPTS": [lambda request: static("triptyque/admin.js")],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        # Tailwind's blue: white on 600 has a contrast of 5.2 to 1 (WCAG AA wants 4.5).
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        }
    },
    "LOGIN": {"form": "config.login.LoginForm"},
    "SIDEBAR": {"navigation": "config.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
}


Group = tuple[str, list[dict[str, Any]]]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the navigation, as far as the person's role opens them. Kinds of action are nowhere named."""
    # Imported late, here and below: settings import this module before there are applications.
    from accounts.admin_base import Rank, rank_of

    rank = rank_of(request)
    groups: list[Group] = [("", [_item(request, _("Overview"), "home", reverse("admin:index"), exact=True)])]
    if getattr(request, "account", None) is not None:
        groups += _work(request)
        if rank >= Rank.ADMIN:
            groups.append((_("Account"), _administration(request)))
    if rank >= Rank.STAFF:
        groups.append((_("Platform"), _platform(request)))
    return [{"title": title, "items": items} for title, items in groups]


def _work(request: HttpRequest) -> list[Group]:
    """What every member sees."""
    from actions.admin.moments import FACES, list_url
    from actions.contract import Moment

    here = getattr(request, "moment", None)
    by_moment = [
        {"title": moment.label, "icon": FACES[moment].icon, "link": list_url(moment), "active": here == moment}
        for moment in Moment
    ]
    configuration = [
        _models(request, _("Agents"), "support_agent", "actions_agent", "actions_classifier"),
        _models(request, _("Workflows"), "account_tree", "workflows_workflow"),
        _models(request, _("Auth profiles"), "vpn_key", "outbound_authprofile"),
        _models(request, _("Knowledge"), "menu_book", "knowledge_source", "knowledge_document"),
        _models(request, _("Search by meaning"), "hub", "knowledge_embeddingconnection"),
        _models(request, _("Language models"), "psychology", "outbound_chatconnection"),
        _models(request, _("Schedules"), "schedule", "schedules_schedule"),
        _models(request, _("SIP connections"), "dialer_sip", "transfers_sipconnection"),
        _models(request, _("SMS connections"), "sms", "notifications_smsconnection"),
        _models(request, _("Webhooks"), "webhook", "notifications_webhooksubscription"),
        _models(request, _("Published versions"), "history", "actions_release"),
    ]
    if getattr(getattr(request, "account", None), "before_call_cache", False):
        configuration.append(_models(request, _("Before-call cache"), "bolt", "calls_cacheusage"))
    records = [
        _models(request, _("Calls"), "call", "calls_call"),
        _models(request, _("Runs"), "play_circle", "calls_run"),
        _models(request, _("Given up"), "report", "calls_deadrun"),
        _models(request, _("Contacts"), "contacts", "contacts_contact"),
        _models(request, _("Messages sent"), "outgoing_mail", "notifications_delivery"),
        _models(request, _("Webhooks sent"), "sync_alt", "notifications_webhookdelivery"),
        _models(request, _("Suppressed addresses"), "unsubscribe", "notifications_suppression"),
        _models(request, _("SMS opt-outs"), "do_not_disturb_on", "notifications_optout"),
    ]
    return [(_("Actions"), by_moment), (_("Configuration"), configuration), (_("Records"), records)]


def _administration(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        _models(request, _("Members"), "group", "accounts_membership"),
        _models(request, _("API keys"), "key", "accounts_apikey"),
        _models(request, _("Rules for numbers"), "rule", "transfers_numberrules"),
        _item(request, _("Settings"), "tune", _account_url(request)),
    ]


def _account_url(request: HttpRequest) -> str:
    account = request.account  # type: ignore[attr-defined]
    return reverse("admin:accounts_account_change", args=[account.pk])


def _platform(request: HttpRequest) -> list[dict[str, Any]]:
    items = [
        _models(request, _("Accounts"), "business", "accounts_account"),
        _models(request, _("Users"), "person", "accounts_user"),
    ]
    if getattr(request, "account", None) is not None:
        items.append(_models(request, _("Allowed private hosts"), "lan", "outbound_allowedhost"))
    items.append(_models(request, _("Periodic tasks"), "schedule", "django_celery_beat_periodictask"))
    return items


def _models(request: HttpRequest, title: str, icon: str, *names: str) -> dict[str, Any]:
    """An item that leads to the first model's list and is lit on the pages of all ``names``."""
    item = _item(request, title, icon, reverse(f"admin:{names[0]}_changelist"))
    item["active"] = any(request.path.startswith(reverse(f"admin:{name}_changelist")) for name in names)
    return item


def _item(request: HttpRequest, title: str, icon: str, link: str, *, exact: bool = False) -> dict[str, Any]:
    active = request.path == link if exact else request.path.startswith(link)
    return {"title": capfirst(title), "icon": icon, "link": link, "active": active}
