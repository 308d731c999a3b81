"""The page of an action of kind ``knowledge``."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _

from actions.admin.actions import KindAdmin
from knowledge.kinds.knowledge import KnowledgeKind


class KnowledgeActionAdmin(KindAdmin):
    """A new one begins with a description that people see, and may change; it is demanded."""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        agent = self._asked_agent(request)
        assert agent is not None, "add_view lets nobody in without an agent"
        proposal = cast(KnowledgeKind, self.kind).proposed_description(agent.language)
        return {**super().get_changeform_initial_data(request), "description": proposal}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "description" in form.base_fields:
            form.base_fields["description"].required = True
            form.base_fields["description"].help_text = _("Tells the agent when and why to use the action.")
        return form
