/** Between JSON values and the texts that people type for them. */
import type { Json } from "../model/types";

/** `typed`: numbers, true, false, null, lists and objects are themselves; all else is text. */
export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return JSON.stringify(value);
  return readsAsOther(value) ? JSON.stringify(value) : value;
}

export function valueOf(text: string): Json {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.startsWith("{{")) return text;
  try {
    const value = JSON.parse(trimmed) as Json;
    return typeof value === "string" && !readsAsOther(value) ? text : value;
  } catch {
    return text;
  }
}

/** Whether a text would be taken for a number, a list … when it is read again. */
function readsAsOther(text: string): boolean {
  if (text.trim().startsWith("{{")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A name from a title: letters without accents, digits and `-`. */
export function slug(title: string): string {
  return title
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
}
