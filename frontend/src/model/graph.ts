/** Pure operations on a graph: none changes its argument. */
import type { Graph, GraphEdge, GraphNode, Json, JsonObject, NodeKind } from "./types";

export const NEXT = "next";
export const ERROR = "error";
export const ELSE = "else";
export const START = "start";

/** A graph from stored JSON, with what may be absent there. */
export function readGraph(raw: unknown): Graph {
  const source = (raw ?? {}) as Partial<Graph>;
  const nodes = (source.nodes ?? []).map((node, index) => ({
    ...node,
    title: node.title ?? "",
    config: node.config ?? {},
    position: node.position ?? { x: index * 320, y: 0 },
  }));
  const edges = (source.edges ?? []).map((edge) => ({ ...edge, output: edge.output ?? NEXT }));
  return { nodes, edges };
}

/** The ways out of a node: those that its kind always has, else one for each of its cases. */
export function outputsOf(node: GraphNode, kind: NodeKind | undefined): string[] {
  if (!kind) return [NEXT];
  if (kind.outputs) return kind.outputs.map((output) => (typeof output === "string" ? output : output.name));
  const cases = Array.isArray(node.config.cases) ? (node.config.cases as JsonObject[]) : [];
  return [...cases.map((item) => String(item?.id ?? "")).filter(Boolean), ELSE];
}

export function targetOf(graph: Graph, source: string, output: string): string | undefined {
  return graph.edges.find((edge) => edge.source === source && edge.output === output)?.target;
}

export function freshId(graph: Graph, base: string): string {
  const taken = new Set(graph.nodes.map((node) => node.id));
  const stem = base.replace(/_\d+$/, "");
  if (!taken.has(stem)) return stem;
  let number = 2;
  while (taken.has(`${stem}_${number}`)) number += 1;
  return `${stem}_${number}`;
}

export function newNode(graph: Graph, kind: NodeKind, position: { x: number; y: number }): GraphNode {
  return {
    id: freshId(graph, kind.name),
    kind: kind.name,
    title: "",
    config: structuredClone(kind.default_config ?? {}),
    position: rounded(position),
  };
}

export function rounded(position: { x: number; y: number }): { x: number; y: number } {
  return { x: Math.round(position.x), y: Math.round(position.y) };
}

export function addNode(graph: Graph, node: GraphNode): Graph {
  return { ...graph, nodes: [...graph.nodes, node] };
}

/** Lead `output` of `source` to `target`, in addition to where it leads already. */
export function connect(graph: Graph, edge: GraphEdge): Graph {
  const known = graph.edges.some((other) => sameEdge(other, edge));
  return known || edge.source === edge.target ? graph : { ...graph, edges: [...graph.edges, edge] };
}

/** Lead `output` of `source` to `target` and nowhere else; '' to nothing. */
export function lead(graph: Graph, source: string, output: string, target: string): Graph {
  const edges = graph.edges.filter((edge) => edge.source !== source || edge.output !== output);
  return { ...graph, edges: target ? [...edges, { source, target, output }] : edges };
}

export function sameEdge(one: GraphEdge, other: GraphEdge): boolean {
  return one.source === other.source && one.target === other.target && one.output === other.output;
}

export function edgeId(edge: GraphEdge): string {
  return `${edge.source}:${edge.output}:${edge.target}`;
}

/** Without these nodes and edges; a node that led from one place to one other leaves them connected. */
export function remove(graph: Graph, nodeIds: string[], edgeIds: string[] = []): Graph {
  let edges = graph.edges.filter((edge) => !edgeIds.includes(edgeId(edge)));
  for (const id of nodeIds) {
    const into = edges.filter((edge) => edge.target === id);
    const out = edges.filter((edge) => edge.source === id && edge.output === NEXT);
    edges = edges.filter((edge) => edge.source !== id && edge.target !== id);
    const next = out.length === 1 ? out[0] : undefined;
    if (next && !nodeIds.includes(next.target)) {
      for (const edge of into) {
        const bridge = { source: edge.source, output: edge.output, target: next.target };
        if (!nodeIds.includes(edge.source) && !edges.some((other) => sameEdge(other, bridge))) edges.push(bridge);
      }
    }
  }
  return { nodes: graph.nodes.filter((node) => !nodeIds.includes(node.id)), edges };
}

export function changeNode(graph: Graph, id: string, change: (node: GraphNode) => GraphNode): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? change(node) : node)) };
}

/** Set one setting; `undefined` leaves it out. Edges of ways out that are gone go with them. */
export function configure(graph: Graph, id: string, name: string, value: Json | undefined, kind?: NodeKind): Graph {
  const before = graph.nodes.find((node) => node.id === id);
  const changed = changeNode(graph, id, (node) => {
    const config = { ...node.config };
    if (value === undefined) delete config[name];
    else config[name] = value;
    return { ...node, config };
  });
  const after = changed.nodes.find((node) => node.id === id);
  if (!before || !after || !kind || kind.outputs) return changed;
  return followOutputs(changed, id, outputsOf(before, kind), outputsOf(after, kind));
}

/** An edge of a renamed way out keeps its target; that of a removed one goes. */
function followOutputs(graph: Graph, id: string, before: string[], after: string[]): Graph {
  const gone = before.filter((output) => !after.includes(output));
  if (!gone.length) return graph;
  const fresh = after.filter((output) => !before.includes(output));
  const renamed = gone.length === 1 && fresh.length === 1 && before.length === after.length ? fresh[0] : undefined;
  const edges = graph.edges.flatMap((edge) => {
    if (edge.source !== id || !gone.includes(edge.output)) return [edge];
    return renamed ? [{ ...edge, output: renamed }] : [];
  });
  return { ...graph, edges };
}

/** The part of a graph that these nodes are, with the edges among them. */
export function part(graph: Graph, nodeIds: string[]): Graph {
  return {
    nodes: graph.nodes.filter((node) => nodeIds.includes(node.id) && node.kind !== START),
    edges: graph.edges.filter((edge) => nodeIds.includes(edge.source) && nodeIds.includes(edge.target)),
  };
}

/** `graph` with a copied part added under new ids; and those ids. */
export function paste(graph: Graph, copied: Graph, offset = 40): { graph: Graph; ids: string[] } {
  let result = graph;
  const ids = new Map<string, string>();
  for (const node of copied.nodes) {
    const id = freshId(result, node.id);
    ids.set(node.id, id);
    const position = { x: node.position.x + offset, y: node.position.y + offset };
    result = addNode(result, { ...structuredClone(node), id, position });
  }
  for (const edge of copied.edges) {
    const [source, target] = [ids.get(edge.source), ids.get(edge.target)];
    if (source && target) result = connect(result, { source, target, output: edge.output });
  }
  return { graph: result, ids: [...ids.values()] };
}
