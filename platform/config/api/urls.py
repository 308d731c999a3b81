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
from workflows.api import WorkflowsViewSet

AGENT = r"agents/(?P<agent_slug>[-\w]{1,63})"

router = SimpleRouter()
router.trailing_slash = "/?"
router.register("agents", AgentsViewSet, basename="agent")
router.register(rf"{AGENT}/actions", ActionsViewSet, basename="action")
router.register(rf"{AGENT}/releases", ReleasesViewSet, basename="release")
router.register("workflows", WorkflowsViewSet, basename="workflow")

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^account/?$", AccountView.as_view(), name="account"),
    re_path(r"^kinds/?$", KindsView.as_view(), name="kinds"),
    *router.urls,
]
