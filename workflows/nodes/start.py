"""Node ``start``: where a workflow begins, whatever the moment; keeps the data that tests begin with."""

from __future__ import annotations

import json
from typing import Annotated, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, Field

from workflows.nodes.base import FieldForm, NodeConfig, NodeContext, NodeKind, NodeResult
from workflows.nodes.registry import register

MOST_TEST_BYTES = 65_536


def _bounded(data: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(gettext("This must be a JSON object.")) from error
    if size > MOST_TEST_BYTES:
        raise ValueError(gettext("The test data takes more than %(most)d bytes.") % {"most": MOST_TEST_BYTES})
    return data


class StartConfig(NodeConfig):
    test_data: Annotated[dict[str, Any], AfterValidator(_bounded)] = Field(default_factory=dict)


@register
class StartNode(NodeKind[StartConfig]):
    name = "start"
    label = _("Start")
    summary = _("Where the workflow begins.")
    icon = "play_circle"
    Config = StartConfig
    fields = (
        FieldForm(
            "test_data",
            _("Test data"),
            "json",
            _("The names in scope when the workflow is tested. Real calls bring their own."),
        ),
    )
    draft_only = frozenset({"test_data"})

    async def run(self, config: StartConfig, context: NodeContext) -> NodeResult:
        return NodeResult()
