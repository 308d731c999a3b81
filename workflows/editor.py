"""The editor of graphs in the admin: where its built files are, and the field that it takes the place of."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse

from accounts.admin_widgets import CodeTextarea
from actions.contract import Moment
from workflows.editor_texts import editor_texts
from workflows.models import Workflow

FOLDER = "editor"
"""Of the static files; ``frontend/vite.config.ts`` builds into it."""

ENTRY = "src/main.tsx"


def built_files() -> tuple[list[str], list[str]]:
    """Addresses of (scripts, styles); nothing where the editor has not been built."""
    manifest = Path(settings.BASE_DIR, "static", FOLDER, "manifest.json")
    try:
        return _read_manifest(manifest, manifest.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError):
        return [], []


@lru_cache(maxsize=2)
def _read_manifest(path: Path, changed_ns: int) -> tuple[list[str], list[str]]:
    entry = json.loads(path.read_text())[ENTRY]
    return [static(f"{FOLDER}/{entry['file']}")], [static(f"{FOLDER}/{name}") for name in entry.get("css", [])]


class GraphWidget(CodeTextarea):
    """JSON as text; where it can run, the editor takes its place. ``workflow`` None: a new one.

    ``drawn`` False leaves the text (``?json`` on the page). ``run`` is the id of a recorded run to try again.
    """

    template_name = "workflows/graph_editor.html"
    workflow: Workflow | None = None
    drawn = True
    run = ""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        scripts, styles = built_files()
        saved = self.workflow
        context["editor"] = {
            "is_built": bool(scripts),
            "scripts": scripts if self.drawn else [],
            "styles": styles if self.drawn else [],
            "texts": editor_texts(),
            "api": "/api/v1/",
            "workflow": saved.pk if saved else "",
            "run": self.run,
            "moment": _only_moment(saved) if saved else "",
            "change_url": reverse("admin:workflows_workflow_change", args=[0]),
        }
        return context


def _only_moment(workflow: Workflow) -> str:
    """The moment at which actions run it, if it is one; otherwise ''."""
    moments = set(workflow.actions.values_list("moment", flat=True))
    return str(moments.pop()) if len(moments) == 1 and moments <= set(Moment.values) else ""
