import { useCallback, useMemo, useState } from "react";
import { START, changeNode } from "../model/graph";
import { isObject } from "../model/scope";
import type { Graph, Json, JsonObject, Moment, NodeKind, TestResult } from "../model/types";
import { ApiError, api } from "./api";
import { t } from "./texts";

/** Test runs: their data (kept on the start), the last result, and the answers pinned from it. */
export function useTest(
  graph: Graph, moment: Moment, workflow: string, kinds: Map<string, NodeKind>,
  change: (change: (graph: Graph) => Graph, mark?: string) => void,
) {
  const [result, setResult] = useState<TestResult | null>(null);
  const [failure, setFailure] = useState("");
  const [running, setRunning] = useState(false);
  const [pins, setPins] = useState<JsonObject>({});
  const [own, setOwn] = useState<JsonObject>({});
  const start = graph.nodes.find((node) => node.kind === START);
  const isKept = kinds.get(START)?.fields.some((form) => form.name === "test_data") ?? false;
  const kept = start?.config.test_data;
  const data = useMemo(() => (isKept ? (isObject(kept) ? kept : {}) : own), [isKept, kept, own]);

  const setData = (next: JsonObject) => {
    if (!isKept || !start) return setOwn(next);
    change(
      (old) => changeNode(old, start.id, (node) => ({ ...node, config: { ...node.config, test_data: next } })),
      "test-data",
    );
  };
  const attempt = async (ask: () => Promise<TestResult>) => {
    setRunning(true);
    setFailure("");
    try {
      setResult(await ask());
    } catch (error) {
      setResult(null);
      setFailure(failureText(error));
    } finally {
      setRunning(false);
    }
  };
  const run = useCallback(
    ({ live, node }: { live: boolean; node?: string }) =>
      attempt(async () => {
        // One step alone sees what the last run has set before it.
        const scope = node ? { ...data, ...(result?.variables ?? {}) } : data;
        const pinned = node ? {} : pins;
        const next = await api.test(graph, moment, workflow, { data: scope, pinned, live, ...(node ? { node } : {}) });
        return node && result ? { ...result, ...next, trace: withEntries(result, next) } : next;
      }),
    [graph, moment, workflow, data, pins, result],
  );
  const rerun = (recorded: string) => attempt(() => api.rerun(recorded, graph));
  const pin = (node: string) =>
    setPins((current) => {
      const { [node]: old, ...others } = current;
      if (old !== undefined) return others;
      const output: Json = result?.trace.find((entry) => entry.node === node)?.output ?? null;
      return { ...current, [node]: output };
    });
  const pinned = useMemo(() => new Set(Object.keys(pins)), [pins]);
  return { data, setData, result, failure, running, run, rerun, pin, pinned, clear: () => setResult(null) };
}

/** A step that was sent alone replaces its entry in the last run. */
function withEntries(old: TestResult, next: TestResult) {
  const fresh = new Set(next.trace.map((entry) => entry.node));
  return [...old.trace.filter((entry) => !fresh.has(entry.node)), ...next.trace];
}

function failureText(error: unknown): string {
  if (!(error instanceof ApiError)) return t("no_server");
  const messages = error.problem.errors?.map((item) => item.message);
  return messages?.length ? `${t("test_has_errors")} ${[...new Set(messages)].join(" ")}` : error.message;
}
