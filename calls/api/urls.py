"""Addresses of the runtime API, with or without a trailing slash."""

from django.urls import re_path

from calls.api import cache, dead, tools, views

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
AGENT = r"agents/(?P<agent_slug>[-\w]{1,63})"
CACHE = rf"{AGENT}/actions/(?P<action_name>[A-Za-z0-9_-]{{1,63}})/cache"
CALL = rf"calls/(?P<call_id>{UUID})"

urlpatterns = [
    re_path(r"^calls/?$", views.CallsView.as_view(), name="calls"),
    re_path(rf"^{CALL}/?$", views.CallView.as_view(), name="call"),
    re_path(rf"^{CALL}/actions/(?P<name>[^/]{{1,100}})/?$", views.InvokeActionView.as_view(), name="invoke-action"),
    re_path(rf"^{CALL}/events/?$", views.EventsView.as_view(), name="call-events"),
    re_path(rf"^{CALL}/complete/?$", views.CompleteView.as_view(), name="complete-call"),
    re_path(r"^dead-runs/?$", dead.DeadRunsView.as_view(), name="dead-runs"),
    re_path(r"^dead-runs/retry/?$", dead.RetryDeadRunsView.as_view(), name="retry-dead-runs"),
    re_path(r"^dead-runs/skip/?$", dead.SkipDeadRunsView.as_view(), name="skip-dead-runs"),
    re_path(rf"^{CALL}/tools/?$", tools.CallToolsView.as_view(), name="call-tools"),
    re_path(r"^agents/(?P<slug>[-\w]{1,63})/tools/?$", tools.AgentToolsView.as_view(), name="agent-tools"),
    re_path(r"^before-call-cache/?$", cache.CachesView.as_view(), name="caches"),
    re_path(r"^before-call-cache/empty/?$", cache.EmptyAccountView.as_view(), name="empty-caches"),
    re_path(rf"^{CACHE}/?$", cache.CacheView.as_view(), name="cache"),
    re_path(rf"^{CACHE}/empty/?$", cache.EmptyView.as_view(), name="empty-cache"),
    re_path(rf"^{AGENT}/call-payloads/?$", cache.PayloadsView.as_view(), name="call-payloads"),
]
