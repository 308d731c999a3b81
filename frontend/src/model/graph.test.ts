import { expect, test } from "vitest";
import { configure, freshId, outputsOf, paste, readGraph, remove } from "./graph";
import { begin, reduce } from "./history";
import type { Graph, NodeKind } from "./types";

const graph: Graph = readGraph({
  nodes: [{ id: "start", kind: "start" }, { id: "ask", kind: "api_request" }, { id: "end", kind: "return" }],
  edges: [{ source: "start", target: "ask" }, { source: "ask", target: "end" }],
});
const decision = { name: "decision", outputs: null } as NodeKind;
const decided = readGraph({
  nodes: [{ id: "d", kind: "decision", config: { cases: [{ id: "a" }, { id: "b" }] } }, { id: "end", kind: "return" }],
  edges: [{ source: "d", target: "end", output: "a" }, { source: "d", target: "end", output: "b" }],
});

test("what is absent in stored JSON is filled in", () => {
  expect(graph.edges[0]?.output).toBe("next");
  expect(graph.nodes[1]?.config).toEqual({});
});

test("a removed step leaves its neighbours connected", () => {
  expect(remove(graph, ["ask"]).edges).toEqual([{ source: "start", target: "end", output: "next" }]);
});

test("a copy gets ids of its own", () => {
  expect(freshId(graph, "ask")).toBe("ask_2");
  const pasted = paste(graph, { nodes: graph.nodes.slice(1), edges: graph.edges.slice(1) });
  expect(pasted.ids).toEqual(["ask_2", "end_2"]);
  expect(pasted.graph.edges.at(-1)).toEqual({ source: "ask_2", target: "end_2", output: "next" });
});

test("a connection follows its renamed case and goes with a removed one", () => {
  const first = decided.nodes[0];
  expect(first && outputsOf(first, decision)).toEqual(["a", "b", "else"]);
  const renamed = configure(decided, "d", "cases", [{ id: "vip" }, { id: "b" }], decision);
  expect(renamed.edges.map((edge) => edge.output)).toEqual(["vip", "b"]);
  const removed = configure(decided, "d", "cases", [{ id: "b" }], decision);
  expect(removed.edges.map((edge) => edge.output)).toEqual(["b"]);
});

test("what is typed in one go is undone in one go", () => {
  let history = begin(0);
  for (const value of [1, 2, 3]) history = reduce(history, { type: "change", change: () => value, mark: "title" });
  history = reduce(history, { type: "change", change: () => 9 });
  history = reduce(history, { type: "undo" });
  expect(history.present).toBe(3);
  history = reduce(history, { type: "undo" });
  expect(history.present).toBe(0);
  expect(reduce(history, { type: "redo" }).present).toBe(3);
});
