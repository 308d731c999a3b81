/** Names and values in the data of a test, for completing `{{ }}`. */
import type { Json, JsonObject, Variable } from "./types";

const MOST_DEPTH = 3;

/** Every name of `data`, dotted: `customer`, `customer.tier`. */
export function namesIn(data: JsonObject, origin: string, prefix = "", depth = 0): Variable[] {
  return Object.entries(data).flatMap(([key, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(key)) return [];
    const name = prefix + key;
    const inner = isObject(value) && depth < MOST_DEPTH ? namesIn(value, origin, `${name}.`, depth + 1) : [];
    return isObject(value) && inner.length ? inner : [{ name, origin, example: value }];
  });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a dotted name; undefined where there is none. */
export function lookUp(data: JsonObject, name: string): Json | undefined {
  let value: Json | undefined = data;
  for (const key of name.split(".")) {
    if (!isObject(value)) return undefined;
    value = value[key];
  }
  return value;
}

export function short(value: Json | undefined, most = 60): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
