/** The configuration API, in the session of the page. */
import type {
  Graph, GraphError, JsonObject, Moment, NodeKind, Sample, StoredWorkflow, TestResult, Variable,
} from "../model/types";

let root = "/api/v1/";
let csrfToken = "";

export function setApi(address: string, token: string): void {
  root = address;
  csrfToken = token;
}

export interface Problem {
  status: number;
  code: string;
  title: string;
  detail?: string;
  errors?: { field: string; message: string }[];
  [more: string]: unknown;
}

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super([problem.title, problem.detail].filter(Boolean).join(" "));
  }
}

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = csrfToken;
  }
  const response = await fetch(root + path, {
    method, headers, signal, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let answer: unknown = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = null;
  }
  if (!response.ok) {
    const problem = (answer ?? { title: response.statusText, code: "http" }) as Problem;
    throw new ApiError({ ...problem, status: response.status });
  }
  return answer as T;
}

/** Some lists come in pages, some whole. */
function rows<T>(answer: T[] | { results: T[] }): T[] {
  return Array.isArray(answer) ? answer : answer.results;
}

const draft = (graph: Graph, moment: Moment, workflow: string) => ({
  graph, moment: moment || null, ...(workflow ? { workflow: Number(workflow) } : {}),
});
const at = (moment: Moment) => (moment ? `?moment=${moment}` : "");

export const api = {
  kinds: async () => rows(await request<NodeKind[] | { results: NodeKind[] }>("GET", "nodes/")),
  check: (graph: Graph, moment: Moment, workflow: string, signal: AbortSignal) =>
    request<{ errors: GraphError[] }>("POST", "workflows/check/", draft(graph, moment, workflow), signal),
  variables: async (
    graph: Graph, moment: Moment, workflow: string, node: string, data: JsonObject, signal: AbortSignal,
  ) => {
    const body = { ...draft(graph, moment, workflow), node, test_data: data };
    return (await request<{ variables: Variable[] }>("POST", "workflows/variables/", body, signal)).variables;
  },
  test: (
    graph: Graph, moment: Moment, workflow: string,
    trial: { node?: string; data: JsonObject; pinned: JsonObject; live: boolean },
  ) => request<TestResult>("POST", "workflows/test/", { ...draft(graph, moment, workflow), ...trial }),
  rerun: (run: string, graph: Graph) =>
    request<TestResult>("POST", `runs/${encodeURIComponent(run)}/rerun/`, { graph }),
  samples: async (moment: Moment) =>
    rows(await request<Sample[] | { results: Sample[] }>("GET", `workflows/samples/${at(moment)}`)),
  workflow: (id: string) => request<StoredWorkflow>("GET", `workflows/${id}/`),
  save: (id: string, body: object) => request<StoredWorkflow>("PUT", `workflows/${id}/`, body),
  create: (body: object) => request<StoredWorkflow>("POST", "workflows/", body),
};
