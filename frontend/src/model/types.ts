/** Any value that JSON has. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export type Moment = "before" | "during" | "after" | "";

export interface GraphNode {
  id: string;
  kind: string;
  title: string;
  config: JsonObject;
  position: { x: number; y: number };
}

/** `output` names the way out of the source. */
export interface GraphEdge {
  source: string;
  target: string;
  output: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface Option {
  value: Json;
  label: string;
}

/** One setting of a kind of node, as the server describes it. */
export interface FieldForm {
  name: string;
  label: string;
  widget: string;
  help: string;
  options?: unknown;
  moments?: string[];
}

export interface NodeKind {
  name: string;
  label: string;
  summary: string;
  icon: string;
  moments: string[];
  outputs: (string | { name: string; label?: string })[] | null;
  fields: FieldForm[];
  default_config: JsonObject;
}

/** `field` is the path of a setting (`mapping.0.path`), or `edges.3` for the fourth edge. */
export interface GraphError {
  node: string | null;
  field: string | null;
  message: string;
}

/** A name that may be written in `{{ }}`. */
export interface Variable {
  name: string;
  origin: string;
  example?: Json;
}

export interface TraceEntry {
  node: string;
  kind: string;
  title: string;
  started_ms: number;
  duration_ms: number;
  state: "succeeded" | "failed" | "cancelled" | "not_taken" | "pinned" | string;
  branch: string | null;
  input: Json;
  output: Json;
  error: Json;
  meta?: JsonObject | null;
  pinned?: boolean;
}

export interface TestResult {
  state: string;
  trace: TraceEntry[];
  variables: JsonObject;
  result: Json;
  error: Json;
  warnings?: string[];
  parameters?: JsonObject;
  agent_configuration?: Json;
}

export interface Sample {
  call_id: string;
  begun_at: string;
  title: string;
  data: JsonObject;
}

export interface StoredWorkflow {
  id: number;
  name: string;
  description: string;
  graph: Graph;
  version?: number;
  updated_at: string;
}
