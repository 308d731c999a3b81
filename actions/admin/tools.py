"""What models are offered by an agent's published version, to be copied in the shape of each consumer."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.admin_base import PageAdmin, breadcrumbs
from actions import manifests
from actions.admin.publishing import agent_url
from actions.models import Agent
from actions.releases import load_plan

TEMPLATE = "triptyque/tools.html"


def tools_view(model_admin: PageAdmin, request: HttpRequest, agent: Agent) -> HttpResponse:
    """``?shape=`` chooses; an unknown one is ours."""
    breadcrumbs(
        request,
        (reverse("admin:actions_agent_changelist"), _("Agents")),
        (agent_url(agent), agent.name),
        ("", _("Tools")),
    )
    chosen = request.GET.get("shape", "")
    shape = manifests.find(chosen if chosen in manifests.names() else manifests.OWN)
    return model_admin.page(
        request,
        TEMPLATE,
        title=_("Tools"),
        object=agent,
        original=agent,
        agent=agent,
        release=agent.current_release,
        agent_url=agent_url(agent),
        shapes=manifests.shapes(),
        shape=shape,
        **_manifest(agent, shape),
    )


def _manifest(agent: Agent, shape: manifests.Shape) -> dict[str, Any]:
    if agent.current_release_id is None:
        return {}
    plan = load_plan(agent.current_release_id)
    place = manifests.Place(api_url=f"{settings.PUBLIC_URL}/api/v1", language=agent.language)
    manifest = manifests.render(shape, plan.tools, place)
    written = json.dumps(manifest.tools, ensure_ascii=False, indent=2)
    return {"written": written, "warnings": manifest.warnings, "count": len(manifest.tools)}
