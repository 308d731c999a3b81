"""Every page of the admin, and the least role that may open it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actions.contract import Moment
from actions.registry import kinds
from tests.admin.conftest import Furnished

ROLES = ("stranger", "viewer", "editor", "admin", "staff")


@dataclass(frozen=True)
class Page:
    name: str
    url: Callable[[Furnished], str]
    least: str = "viewer"

    def __str__(self) -> str:
        return self.name


def _kind_pages() -> list[Page]:
    pages = []
    for kind in kinds:
        base = f"/admin/{kind.model._meta.app_label}/{kind.model._meta.model_name}"
        moment = min(kind.moments, key=list(Moment).index)
        pages.append(Page(f"{kind.name} change", lambda all, b=base, n=kind.name: f"{b}/{all.actions[n].pk}/change/"))
        pages.append(
            Page(f"{kind.name} delete", lambda all, b=base, n=kind.name: f"{b}/{all.actions[n].pk}/delete/", "editor")
        )
        pages.append(Page(f"{kind.name} history", lambda all, b=base, n=kind.name: f"{b}/{all.actions[n].pk}/history/"))
        if not kind.once_per_agent:
            pages.append(
                Page(
                    f"{kind.name} add",
                    lambda all, b=base, m=moment: f"{b}/add/?agent={all.agent.pk}&moment={m}",
                    "editor",
                )
            )
    return pages


def _fixed(name: str, url: str, least: str = "viewer") -> Page:
    return Page(name, lambda all: url, least)


def _of_transfer(all: Furnished, path: str) -> str:
    return f"/admin/transfers/{path}?action={all.actions['transfer'].pk}"


LISTS = [
    *(_fixed(f"actions {moment}", f"/admin/actions/action/{moment}/") for moment in Moment),
    _fixed("dead runs", "/admin/calls/deadrun/"),
    _fixed("agents", "/admin/actions/agent/"),
    _fixed("classifiers", "/admin/actions/classifier/"),
    _fixed("releases", "/admin/actions/release/"),
    _fixed("language models", "/admin/outbound/chatconnection/"),
    _fixed("workflows", "/admin/workflows/workflow/"),
    _fixed("sources", "/admin/knowledge/source/"),
    _fixed("documents", "/admin/knowledge/document/"),
    _fixed("schedules", "/admin/schedules/schedule/"),
    _fixed("auth profiles", "/admin/outbound/authprofile/"),
    _fixed("contacts", "/admin/contacts/contact/"),
    _fixed("SIP connections", "/admin/transfers/sipconnection/"),
    _fixed("SMS connections", "/admin/notifications/smsconnection/"),
    _fixed("opt-outs", "/admin/notifications/optout/"),
    _fixed("calls", "/admin/calls/call/"),
    _fixed("runs", "/admin/calls/run/"),
    _fixed("before-call cache", "/admin/calls/cacheusage/"),
    _fixed("deliveries", "/admin/notifications/delivery/"),
    _fixed("suppressed addresses", "/admin/notifications/suppression/"),
    _fixed("webhooks", "/admin/notifications/webhooksubscription/"),
    _fixed("webhook deliveries", "/admin/notifications/webhookdelivery/"),
    _fixed("members", "/admin/accounts/membership/", "admin"),
    _fixed("api keys", "/admin/accounts/apikey/", "admin"),
    _fixed("allowed hosts", "/admin/outbound/allowedhost/", "staff"),
    _fixed("users", "/admin/accounts/user/", "staff"),
    _fixed("periodic tasks", "/admin/django_celery_beat/periodictask/", "staff"),
    _fixed("intervals", "/admin/django_celery_beat/intervalschedule/", "staff"),
    _fixed("crontabs", "/admin/django_celery_beat/crontabschedule/", "staff"),
    _fixed("solar", "/admin/django_celery_beat/solarschedule/", "staff"),
    _fixed("clocked", "/admin/django_celery_beat/clockedschedule/", "staff"),
]

PAGES = [
    *LISTS,
    *_kind_pages(),
    *(_fixed(f"choose {moment}", f"/admin/actions/action/choose/?moment={moment}", "editor") for moment in Moment),
    _fixed("language model add", "/admin/outbound/chatconnection/add/", "editor"),
    _fixed("contacts import", "/admin/contacts/contact/import/", "editor"),
    _fixed("agent add", "/admin/actions/agent/add/", "editor"),
    Page("agent change", lambda all: f"/admin/actions/agent/{all.agent.pk}/change/"),
    Page("agent publish", lambda all: f"/admin/actions/agent/{all.agent.pk}/publish/", "editor"),
    Page("agent tools", lambda all: f"/admin/actions/agent/{all.agent.pk}/tools/"),
    Page("agent delete", lambda all: f"/admin/actions/agent/{all.agent.pk}/delete/", "editor"),
    Page("agent history", lambda all: f"/admin/actions/agent/{all.agent.pk}/history/"),
    Page("versions of an agent", lambda all: f"/admin/actions/release/?agent__id__exact={all.agent.pk}"),
    Page("release", lambda all: f"/admin/actions/release/{all.release.pk}/change/"),
    Page("classifier add", lambda all: f"/admin/actions/classifier/add/?agent={all.agent.pk}", "editor"),
    Page("classifier change", lambda all: f"/admin/actions/classifier/{all.classifier.pk}/change/"),
    _fixed("workflow add", "/admin/workflows/workflow/add/", "editor"),
    Page("workflow change", lambda all: f"/admin/workflows/workflow/{all.workflow.pk}/change/"),
    _fixed("source add", "/admin/knowledge/source/add/", "editor"),
    Page("source change", lambda all: f"/admin/knowledge/source/{all.source.pk}/change/"),
    Page("source try", lambda all: f"/admin/knowledge/source/{all.source.pk}/try_question/"),
    Page("source files", lambda all: f"/admin/knowledge/source/{all.source.pk}/add-files/", "editor"),
    Page("source pages", lambda all: f"/admin/knowledge/source/{all.source.pk}/add-pages/", "editor"),
    Page("source retry", lambda all: f"/admin/knowledge/source/{all.source.pk}/retry-failed/", "editor"),
    Page("document add", lambda all: f"/admin/knowledge/document/add/?source={all.source.pk}", "editor"),
    Page("document change", lambda all: f"/admin/knowledge/document/{all.document.pk}/change/"),
    Page("document delete", lambda all: f"/admin/knowledge/document/{all.document.pk}/delete/", "editor"),
    _fixed("auth profile choose", "/admin/outbound/authprofile/add/", "editor"),
    _fixed("auth profile add", "/admin/outbound/authprofile/add/?kind=bearer", "editor"),
    Page("auth profile change", lambda all: f"/admin/outbound/authprofile/{all.profile.pk}/change/"),
    Page("auth profile delete", lambda all: f"/admin/outbound/authprofile/{all.profile.pk}/delete/", "editor"),
    _fixed("schedule add", "/admin/schedules/schedule/add/", "editor"),
    Page("schedule change", lambda all: f"/admin/schedules/schedule/{all.schedule.pk}/change/"),
    Page("schedule delete", lambda all: f"/admin/schedules/schedule/{all.schedule.pk}/delete/", "editor"),
    Page("what if", lambda all: f"/admin/transfers/transferaction/{all.actions['transfer'].pk}/what-if/"),
    _fixed("SIP connection add", "/admin/transfers/sipconnection/add/", "editor"),
    Page("SIP connection", lambda all: f"/admin/transfers/sipconnection/{all.line.pk}/change/"),
    Page("SIP connection delete", lambda all: f"/admin/transfers/sipconnection/{all.line.pk}/delete/", "editor"),
    _fixed("SMS connection choose", "/admin/notifications/smsconnection/add/", "editor"),
    _fixed("SMS connection add", "/admin/notifications/smsconnection/add/?provider=twilio", "editor"),
    _fixed("SMS connection add by HTTP", "/admin/notifications/smsconnection/add/?provider=http", "editor"),
    Page("SMS connection", lambda all: f"/admin/notifications/smsconnection/{all.operator.pk}/change/"),
    Page(
        "SMS connection delete", lambda all: f"/admin/notifications/smsconnection/{all.operator.pk}/delete/", "editor"
    ),
    Page("SMS test", lambda all: f"/admin/notifications/smsconnection/{all.operator.pk}/send_test/", "admin"),
    _fixed("opt-out add", "/admin/notifications/optout/add/", "editor"),
    Page("opt-out", lambda all: f"/admin/notifications/optout/{all.opt_out.pk}/change/"),
    Page("opt-out delete", lambda all: f"/admin/notifications/optout/{all.opt_out.pk}/delete/", "editor"),
    Page("destinations", lambda all: _of_transfer(all, "transferdestination/")),
    Page("destination add", lambda all: _of_transfer(all, "transferdestination/add/"), "editor"),
    Page("destination", lambda all: f"/admin/transfers/transferdestination/{all.destination.pk}/change/"),
    Page(
        "destination delete", lambda all: f"/admin/transfers/transferdestination/{all.destination.pk}/delete/", "editor"
    ),
    Page("destination history", lambda all: f"/admin/transfers/transferdestination/{all.destination.pk}/history/"),
    Page("imports", lambda all: _of_transfer(all, "numberimport/")),
    Page("import new", lambda all: _of_transfer(all, "numberimport/new/"), "editor"),
    Page("import", lambda all: f"/admin/transfers/numberimport/{all.upload.pk}/change/"),
    _fixed("rules for numbers", "/admin/transfers/numberrules/add/", "admin"),
    Page("embedding connection", lambda all: f"/admin/knowledge/embeddingconnection/{all.embedding.pk}/change/"),
    Page("contact", lambda all: f"/admin/contacts/contact/{all.contact.pk}/change/"),
    Page("call", lambda all: f"/admin/calls/call/{all.call.pk}/change/"),
    Page("email preview", lambda all: f"/admin/notifications/emailaction/{all.actions['email'].pk}/preview/"),
    Page("suppressed address", lambda all: f"/admin/notifications/suppression/{all.suppression.pk}/change/"),
    Page(
        "suppressed address delete",
        lambda all: f"/admin/notifications/suppression/{all.suppression.pk}/delete/",
        "admin",
    ),
    Page("delivery", lambda all: f"/admin/notifications/delivery/{all.delivery.pk}/change/"),
    _fixed("webhook add", "/admin/notifications/webhooksubscription/add/", "editor"),
    Page("webhook", lambda all: f"/admin/notifications/webhooksubscription/{all.webhook.pk}/change/"),
    Page("webhook rotate", lambda all: f"/admin/notifications/webhooksubscription/{all.webhook.pk}/rotate/", "editor"),
    Page("webhook ping", lambda all: f"/admin/notifications/webhooksubscription/{all.webhook.pk}/ping/", "editor"),
    Page("webhook delete", lambda all: f"/admin/notifications/webhooksubscription/{all.webhook.pk}/delete/", "editor"),
    Page("webhook delivery", lambda all: f"/admin/notifications/webhookdelivery/{all.webhook_delivery.pk}/change/"),
    Page(
        "webhook send again",
        lambda all: f"/admin/notifications/webhookdelivery/{all.webhook_delivery.pk}/send_one_again/",
        "editor",
    ),
    _fixed("member add", "/admin/accounts/membership/add/", "admin"),
    _fixed("api key add", "/admin/accounts/apikey/add/", "admin"),
    Page("api key", lambda all: f"/admin/accounts/apikey/{all.key.pk}/change/", "admin"),
    Page("api key revoke", lambda all: f"/admin/accounts/apikey/{all.key.pk}/revoke/", "admin"),
    _fixed("allowed host add", "/admin/outbound/allowedhost/add/", "staff"),
    Page("allowed host", lambda all: f"/admin/outbound/allowedhost/{all.host.pk}/change/", "staff"),
    Page("account", lambda all: f"/admin/accounts/account/{all.account.pk}/change/"),
    _fixed("account add", "/admin/accounts/account/add/", "staff"),
    _fixed("user add", "/admin/accounts/user/add/", "staff"),
    _fixed("periodic task add", "/admin/django_celery_beat/periodictask/add/", "staff"),
    _fixed("crontab add", "/admin/django_celery_beat/crontabschedule/add/", "staff"),
    _fixed("own password", "/admin/password_change/"),
]
