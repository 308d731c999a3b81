"""Addresses of the runtime API, with or without a trailing slash."""

from django.urls import re_path

from calls.api import views

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
CALL = rf"calls/(?P<call_id>{UUID})"

urlpatterns = [
    re_path(r"^calls/?$", views.CallsView.as_view(), name="calls"),
    re_path(rf"^{CALL}/?$", views.CallView.as_view(), name="call"),
    re_path(rf"^{CALL}/actions/(?P<name>[^/]{{1,100}})/?$", views.InvokeActionView.as_view(), name="invoke-action"),
    re_path(rf"^{CALL}/events/?$", views.EventsView.as_view(), name="call-events"),
    re_path(rf"^{CALL}/complete/?$", views.CompleteView.as_view(), name="complete-call"),
    re_path(r"^agents/(?P<slug>[-\w]{1,63})/tools/?$", views.ToolsView.as_view(), name="agent-tools"),
]
