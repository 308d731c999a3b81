"""Addresses of the configuration API, with or without a trailing slash."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, re_path
from rest_framework.routers import SimpleRouter

import config.api.schema  # noqa: F401  (how the API describes its authentication)
from accounts.api.account import AccountView
from actions.api.actions import ActionsViewSet
from actions.api.agents import AgentsViewSet
from actions.api.kinds import KindsView
from actions.api.releases import ReleasesViewSet
from calls.api.reruns import RerunView, SamplesView
from contacts.api import ContactsViewSet
from knowledge.api import DocumentsViewSet, EmbeddingConnectionsViewSet, SourcesViewSet
from notifications.api import CallDeliveriesView
from notifications.sms.api import OptOutsViewSet, SmsConnectionsViewSet
from notifications.webhooks.api import WebhookDeliveriesViewSet, WebhooksViewSet
from outbound.api import AuthProfilesViewSet
from outbound.chat_api import ChatConnectionsViewSet
from schedules.api import SchedulesViewSet
from transfers.api.connections import SipConnectionsViewSet, SipCredentialsView
from transfers.api.destinations import DestinationsViewSet
from transfers.api.imports import ExportNumbersView, ImportsViewSet
from transfers.api.what_if import WhatIfView
from workflows.api.drafts import CheckView, TestView, VariablesView
from workflows.api.files import ExportView, ImportView
from workflows.api.nodes import NodesView
from workflows.api.workflows import WorkflowsViewSet

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
AGENT = r"agents/(?P<agent_slug>[-\w]{1,63})"

TRANSFER = rf"{AGENT}/actions/(?P<action_name>[A-Za-z0-9_-]{{1,63}})"

router = SimpleRouter()
router.trailing_slash = "/?"
router.register("agents", AgentsViewSet, basename="agent")
router.register(rf"{AGENT}/actions", ActionsViewSet, basename="action")
router.register(
    rf"{AGENT}/actions/(?P<action_name>[A-Za-z0-9_-]{{1,63}})/destinations", DestinationsViewSet, basename="destination"
)
router.register(rf"{TRANSFER}/imports", ImportsViewSet, basename="number-import")
router.register(rf"{AGENT}/releases", ReleasesViewSet, basename="release")
router.register("auth-profiles", AuthProfilesViewSet, basename="auth-profile")
router.register("chat-connections", ChatConnectionsViewSet, basename="chat-connection")
router.register("sip-connections", SipConnectionsViewSet, basename="sip-connection")
router.register("sms-connections", SmsConnectionsViewSet, basename="sms-connection")
router.register("opt-outs", OptOutsViewSet, basename="opt-out")
router.register("schedules", SchedulesViewSet, basename="schedule")
router.register("contacts", ContactsViewSet, basename="contact")
router.register("workflows", WorkflowsViewSet, basename="workflow")
router.register("webhooks", WebhooksViewSet, basename="webhook")
router.register("webhook-deliveries", WebhookDeliveriesViewSet, basename="webhook-delivery")
router.register("sources", SourcesViewSet, basename="source")
router.register("embedding-connections", EmbeddingConnectionsViewSet, basename="embedding-connection")
router.register(r"sources/(?P<source_id>[0-9]{1,18})/documents", DocumentsViewSet, basename="document")

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^account/?$", AccountView.as_view(), name="account"),
    re_path(r"^kinds/?$", KindsView.as_view(), name="kinds"),
    re_path(r"^nodes/?$", NodesView.as_view(), name="nodes"),
    # The id of a workflow is a number: none of these can be one.
    re_path(r"^workflows/check/?$", CheckView.as_view(), name="workflow-check"),
    re_path(r"^workflows/variables/?$", VariablesView.as_view(), name="workflow-variables"),
    re_path(r"^workflows/test/?$", TestView.as_view(), name="workflow-test"),
    re_path(r"^workflows/samples/?$", SamplesView.as_view(), name="workflow-samples"),
    re_path(r"^workflows/import/?$", ImportView.as_view(), name="workflow-import"),
    re_path(r"^workflows/(?P<id>[0-9]{1,18})/export/?$", ExportView.as_view(), name="workflow-export"),
    re_path(rf"^{TRANSFER}/export/?$", ExportNumbersView.as_view(), name="number-export"),
    re_path(rf"^calls/(?P<call_id>{UUID})/deliveries/?$", CallDeliveriesView.as_view(), name="call-deliveries"),
    re_path(rf"^runs/(?P<run_id>{UUID})/rerun/?$", RerunView.as_view(), name="run-rerun"),
    re_path(
        rf"^{AGENT}/actions/(?P<action_name>[A-Za-z0-9_-]{{1,63}})/what-if/?$", WhatIfView.as_view(), name="what-if"
    ),
    re_path(
        r"^sip-connections/(?P<name>[^/]{1,100})/credentials/?$", SipCredentialsView.as_view(), name="sip-credentials"
    ),
    *router.urls,
]
