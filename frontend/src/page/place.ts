/** Where a step goes that is added without dragging. */
import { NODE_WIDTH } from "../model/layout";
import { NEXT, START, addNode, connect, lead, newNode, outputsOf, targetOf } from "../model/graph";
import type { Graph, GraphNode, NodeKind } from "../model/types";

const STEP_X = NODE_WIDTH + 80;
const STEP_Y = 140;

/**
 * Add a step after another (without one: after the start): on its first way out that leads nowhere, else
 * between it and what follows.
 * Returns the graph and the id of the new step.
 */
export function addAfter(
  graph: Graph, kind: NodeKind, selected: GraphNode | undefined, kinds: Map<string, NodeKind>,
): { graph: Graph; id: string } {
  const after = selected ?? graph.nodes.find((other) => other.kind === START);
  const anchor = after ?? lastOf(graph);
  const node = newNode(graph, kind, { x: (anchor?.position.x ?? -STEP_X) + STEP_X, y: anchor?.position.y ?? 0 });
  if (!after) return { graph: addNode(graph, free(graph, node)), id: node.id };
  const outputs = outputsOf(after, kinds.get(after.kind));
  const open = outputs.find((output) => !targetOf(graph, after.id, output));
  if (open) {
    const added = addNode(graph, free(graph, node));
    return { graph: connect(added, { source: after.id, output: open, target: node.id }), id: node.id };
  }
  const output = outputs[0];
  const next = output === undefined ? undefined : targetOf(graph, after.id, output);
  const leadsOn = outputsOf(node, kind)[0];
  if (output === undefined || next === undefined || leadsOn === undefined) {
    return { graph: addNode(graph, free(graph, node)), id: node.id };
  }
  const moved = {
    ...graph,
    nodes: graph.nodes.map((other) =>
      other.position.x >= node.position.x - STEP_X / 2 && other.id !== after.id
        ? { ...other, position: { ...other.position, x: other.position.x + STEP_X } }
        : other,
    ),
  };
  const between = lead(addNode(moved, node), after.id, output, node.id);
  return { graph: connect(between, { source: node.id, output: leadsOn ?? NEXT, target: next }), id: node.id };
}

function lastOf(graph: Graph): GraphNode | undefined {
  return graph.nodes.reduce<GraphNode | undefined>(
    (last, node) => (!last || node.position.x > last.position.x ? node : last), undefined,
  );
}

/** Further down where another step is in the way. */
function free(graph: Graph, node: GraphNode): GraphNode {
  const { x } = node.position;
  let { y } = node.position;
  const taken = () =>
    graph.nodes.some((other) => Math.abs(other.position.x - x) < NODE_WIDTH && Math.abs(other.position.y - y) < STEP_Y - 20);
  while (taken()) y += STEP_Y;
  return { ...node, position: { x, y } };
}
