import { useEffect, useState } from "react";
import type { Graph, GraphError, JsonObject, Moment, Variable } from "../model/types";
import { api } from "./api";

const PAUSE_MS = 400;

/** Ask the server once nothing has changed for a moment; an answer that comes too late is dropped. */
function useDebounced(ask: (signal: AbortSignal) => Promise<void>, watched: unknown[]): void {
  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      ask(controller.signal).catch(() => undefined);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, watched);
}

/** What the server finds wrong with the graph as it is drawn. */
export function useErrorsOf(graph: Graph, moment: Moment, workflow: string): GraphError[] {
  const [errors, setErrors] = useState<GraphError[]>([]);
  useDebounced(
    async (signal) => setErrors((await api.check(graph, moment, workflow, signal)).errors),
    [withoutPlaces(graph), moment],
  );
  return errors;
}

/** The names that may be written at a step. */
export function useVariables(graph: Graph, moment: Moment, workflow: string, node: string, data: JsonObject): Variable[] {
  const [variables, setVariables] = useState<Variable[]>([]);
  useDebounced(
    async (signal) => {
      if (node) setVariables(await api.variables(graph, moment, workflow, node, data, signal));
    },
    [withoutPlaces(graph), moment, node, JSON.stringify(data)],
  );
  return variables;
}

/** Where a step is drawn changes nothing. */
function withoutPlaces(graph: Graph): string {
  return JSON.stringify([graph.nodes.map(({ position: _position, ...rest }) => rest), graph.edges]);
}
