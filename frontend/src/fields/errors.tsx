import { useContext } from "react";
import { NodeContext, useEditor } from "../page/context";

/** Sentences about the setting at `path` of the shown node; `deep`: and about all inside it. */
export function useErrors(path: string, deep = false): string[] {
  const { errors, drafts } = useEditor();
  const node = useContext(NodeContext);
  const here = (field: string | null) => field === path || (deep && (field ?? "").startsWith(`${path}.`));
  const found = errors.filter((error) => error.node === node && here(error.field)).map((error) => error.message);
  for (const [key, draft] of drafts) {
    if (key.startsWith(`${node}:`) && here(key.slice(node.length + 1))) found.unshift(draft.message);
  }
  return [...new Set(found)];
}

export function Errors({ path, deep = false, id }: { path: string; deep?: boolean; id?: string }) {
  const messages = useErrors(path, deep);
  if (!messages.length) return null;
  return (
    <ul className="ed-errors" id={id}>
      {messages.map((message) => (
        <li key={message}>{message}</li>
      ))}
    </ul>
  );
}
