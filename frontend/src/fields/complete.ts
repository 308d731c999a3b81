/** Completing names in `{{ }}`: where the cursor is, and what the text becomes. */
import type { Variable } from "../model/types";

export interface Place {
  /** Where the name that is being typed begins. */
  from: number;
  typed: string;
}

/** The name under the cursor, or null where no name can be. `bare`: the whole text is one expression. */
export function placeAt(text: string, cursor: number, bare: boolean): Place | null {
  const before = text.slice(0, cursor);
  if (!bare) {
    const open = before.lastIndexOf("{{");
    if (open < 0 || before.lastIndexOf("}}") > open) return null;
  }
  const typed = /[A-Za-z_][\w.]*$/.exec(before)?.[0] ?? "";
  const from = cursor - typed.length;
  if (!typed && !bare && !/(\{\{|[\s(,|=<>+*/-])$/.test(before)) return null;
  if (inString(before, bare)) return null;
  return { from, typed };
}

function inString(before: string, bare: boolean): boolean {
  const expression = bare ? before : before.slice(before.lastIndexOf("{{"));
  const quotes = (mark: string) => expression.split(mark).length - 1;
  return quotes('"') % 2 === 1 && (bare || !before.startsWith("{")) ? true : quotes("'") % 2 === 1;
}

/** The text with `name` in that place, and where the cursor goes. */
export function completed(text: string, place: Place, cursor: number, name: string, bare: boolean) {
  let before = text.slice(0, place.from);
  const after = text.slice(cursor);
  let end = "";
  if (!bare) {
    if (before.endsWith("{{")) before += " ";
    if (!/^\s*(\}\}|[|.\w(])/.test(after)) end = " }}";
  }
  const start = before + name;
  return { text: start + end + after, cursor: start.length + end.length };
}

const MOST_SHOWN = 40;

/** Names that hold what is typed; those that begin with it first. */
export function matching(variables: Variable[], typed: string): Variable[] {
  const wanted = typed.toLowerCase();
  const rank = (name: string) => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  return variables
    .filter((variable) => variable.name.toLowerCase().includes(wanted))
    .sort((one, other) => rank(one.name) - rank(other.name))
    .slice(0, MOST_SHOWN);
}
