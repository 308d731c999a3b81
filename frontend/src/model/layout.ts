import dagre from "@dagrejs/dagre";
import type { Graph } from "./types";

export const NODE_WIDTH = 240;
const NODE_HEIGHT = 96;

/** The same graph drawn from left to right; `sizes` are those on the screen, where known. */
export function arranged(graph: Graph, sizes: Map<string, { width: number; height: number }>): Graph {
  const drawing = new dagre.graphlib.Graph({ multigraph: true });
  drawing.setGraph({ rankdir: "LR", nodesep: 40, ranksep: 90 });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) {
    drawing.setNode(node.id, { width: NODE_WIDTH, height: NODE_HEIGHT, ...sizes.get(node.id) });
  }
  graph.edges.forEach((edge, index) => {
    if (drawing.hasNode(edge.source) && drawing.hasNode(edge.target)) {
      drawing.setEdge(edge.source, edge.target, {}, String(index));
    }
  });
  dagre.layout(drawing);
  const nodes = graph.nodes.map((node) => {
    const { x, y, width, height } = drawing.node(node.id);
    return { ...node, position: { x: Math.round(x - width / 2), y: Math.round(y - height / 2) } };
  });
  return { ...graph, nodes };
}
