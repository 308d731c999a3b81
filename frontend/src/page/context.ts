import { createContext, useContext } from "react";
import type { Graph, GraphError, Moment, NodeKind, Variable } from "../model/types";

/** What every part of the editor may ask for. */
export interface EditorContextValue {
  kinds: Map<string, NodeKind>;
  graph: Graph;
  moment: Moment;
  errors: GraphError[];
  /** Texts that are no valid value yet, by `node:field`. */
  drafts: Map<string, Draft>;
  setDraft: (key: string, draft: Draft | null) => void;
  /** Names in scope at the selected node. */
  variables: Variable[];
}

export interface Draft {
  text: string;
  message: string;
}

export const EditorContext = createContext<EditorContextValue | null>(null);

export function useEditor(): EditorContextValue {
  const value = useContext(EditorContext);
  if (!value) throw new Error("outside of the editor");
  return value;
}

/** The node that the panel configures, for its fields. */
export const NodeContext = createContext<string>("");
