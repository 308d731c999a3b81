/** How a node of the graph is told on the canvas. */
import { ELSE, ERROR, NEXT } from "../model/graph";
import { isObject } from "../model/scope";
import type { GraphNode, Json, JsonObject, NodeKind } from "../model/types";
import { t } from "../page/texts";

export function nodeTitle(node: GraphNode, kind: NodeKind | undefined): string {
  return node.title || kind?.label || node.kind;
}

export function outputLabel(node: GraphNode, kind: NodeKind | undefined, output: string): string {
  const declared = kind?.outputs?.find((other) => typeof other !== "string" && other.name === output);
  if (declared && typeof declared !== "string" && declared.label) return declared.label;
  if (output === NEXT) return t("output_next");
  if (output === ERROR) return t("output_error");
  if (output === ELSE) return t("output_else");
  const cases = Array.isArray(node.config.cases) ? (node.config.cases as JsonObject[]) : [];
  const index = cases.findIndex((item) => item.id === output);
  return String(cases[index]?.title || (index >= 0 ? t("case", { number: index + 1 }) : output));
}

/** One line about the configuration: the address of a request, the names that are set. */
export function essence(node: GraphNode): string {
  const { config } = node;
  if (typeof config.url === "string" && config.url) return `${text(config.method)} ${withoutHost(config.url)}`.trim();
  for (const name of ["variables", "mapping", "attributes"]) {
    const rows = config[name];
    if (Array.isArray(rows) && rows.length) return rows.map((row) => (isObject(row) ? text(row.variable) : "")).join(", ");
  }
  if (isObject(config.parameters)) return Object.keys(config.parameters).join(", ");
  for (const name of ["text", "query", "workflow", "phone"]) {
    if (typeof config[name] === "string") return config[name] as string;
  }
  return "";
}

const text = (value: Json | undefined) => (typeof value === "string" ? value : "");
const withoutHost = (url: string) => url.replace(/^https?:\/\/[^/]*/, "") || url;
