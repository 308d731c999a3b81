"""Anthropic's Messages: ``input_schema``, JSON Schema 2020-12, but one plain object at its top."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import properties, warn_unless_plain
from actions.manifests.spoken import described

if TYPE_CHECKING:
    from actions.releases import ToolDefinition

PROPERTY_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    warn_unless_plain(tool.parameters, "Anthropic", warn)
    for path, name in properties(tool.parameters):
        if not PROPERTY_NAME.fullmatch(name):
            text = _("%(path)s: Anthropic takes names of letters without accents, digits, “_”, “.” and “-” only.")
            warn(text % {"path": path})
    return {
        "name": tool.name,
        "description": described(tool, place.language),
        "input_schema": dict(tool.parameters),
    }


register(Shape("anthropic", "Anthropic", Called.BY_CODE, _tool))
