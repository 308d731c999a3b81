"""Node ``start``: where a workflow begins, whatever the moment."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from workflows.nodes.base import NodeConfig, NodeContext, NodeKind, NodeResult
from workflows.nodes.registry import register


class StartConfig(NodeConfig):
    pass


@register
class StartNode(NodeKind[StartConfig]):
    name = "start"
    label = _("Start")
    summary = _("Where the workflow begins.")
    icon = "play_circle"
    Config = StartConfig

    async def run(self, config: StartConfig, context: NodeContext) -> NodeResult:
        return NodeResult()
