import { useCallback, useEffect, useRef, useState } from "react";
import { readGraph } from "../model/graph";
import type { Graph, StoredWorkflow } from "../model/types";
import { ApiError, api } from "./api";
import type { ConflictFacts } from "./Conflict";
import { focusName, readForm, useForm, writeForm } from "./form";
import { t } from "./texts";

export type SaveState = { look: "" | "saving" | "saved" | "failed"; message: string };

const essenceOf = (graph: Graph, form: { name: string; description: string }) => JSON.stringify([graph, form]);

/** Saves through the API, guarded by the version that was loaded. */
export function useSaving(graph: Graph, loaded: StoredWorkflow | null, options: {
  changeUrl: string;
  replaceGraph: (graph: Graph) => void;
  /** Why nothing can be saved: a text that is no value yet; '' if nothing is in the way. */
  obstacle: string;
}) {
  const form = useForm();
  const [kept, setKept] = useState(() => essenceOf(graph, readForm()));
  const [state, setState] = useState<SaveState>({ look: "", message: "" });
  const [conflict, setConflict] = useState<ConflictFacts | null>(null);
  const version = useRef(loaded?.version);
  const leaving = useRef(false);
  const busy = useRef(false);
  const dirty = essenceOf(graph, form) !== kept || options.obstacle !== "";

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (dirty && !leaving.current) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [dirty]);

  const latest = useRef<() => void>(() => undefined);
  useEffect(() => {
    // The form holds the JSON that the editor has replaced: it must never be posted.
    const form = document.querySelector<HTMLFormElement>("#workflow_form");
    const onSubmit = (event: SubmitEvent) => {
      event.preventDefault();
      // Enter in a field of the editor is no wish to save.
      if (!document.activeElement?.closest(".ed-editor")) latest.current();
    };
    form?.addEventListener("submit", onSubmit);
    return () => form?.removeEventListener("submit", onSubmit);
  }, []);
  const save = useCallback(
    async (overwrite?: number) => {
      if (busy.current) return;
      if (options.obstacle) {
        setState({ look: "failed", message: `${t("not_saved")} ${options.obstacle}` });
        return;
      }
      busy.current = true;
      setState({ look: "saving", message: t("saving") });
      const sent = readForm();
      const guard = overwrite ?? version.current;
      const body = { ...sent, graph, ...(guard === undefined ? {} : { version: guard }) };
      try {
        if (!loaded) {
          const created = await api.create(body);
          leaving.current = true;
          location.assign(options.changeUrl.replace("/0/", `/${created.id}/`));
          return;
        }
        const stored = await api.save(String(loaded.id), body);
        version.current = stored.version;
        setKept(essenceOf(graph, sent));
        setState({ look: "saved", message: t("saved") });
      } catch (error) {
        const problem = error instanceof ApiError ? error.problem : null;
        if (problem?.code === "changed_meanwhile") {
          setConflict(conflictFacts(problem));
          setState({ look: "failed", message: t("not_saved") });
          return;
        }
        const fields = problem?.errors?.map((item) => item.message).join(" ");
        if (problem?.errors?.some((item) => item.field === "name")) focusName();
        const reason = fields || (problem ? [problem.title, problem.detail].filter(Boolean).join(" ") : t("no_server"));
        setState({ look: "failed", message: `${t("not_saved")} ${reason}` });
      } finally {
        busy.current = false;
      }
    },
    [graph, loaded, options.changeUrl, options.obstacle],
  );

  latest.current = () => void save();
  const overwrite = async () => {
    const current = conflict?.version ?? (loaded ? (await api.workflow(String(loaded.id))).version : undefined);
    setConflict(null);
    await save(current);
  };
  const loadTheirs = async () => {
    if (!loaded) return;
    const theirs = await api.workflow(String(loaded.id));
    version.current = theirs.version;
    setConflict(null);
    writeForm({ name: theirs.name, description: theirs.description });
    document.querySelector("#id_name")?.dispatchEvent(new Event("input", { bubbles: true }));
    const next = readGraph(theirs.graph);
    options.replaceGraph(next);
    setKept(essenceOf(next, readForm()));
    setState({ look: "", message: t("theirs_loaded") });
  };
  return { dirty, state, save, conflict, closeConflict: () => setConflict(null), overwrite, loadTheirs, name: form.name };
}

function conflictFacts(problem: Record<string, unknown>): ConflictFacts {
  const version = problem.current_version ?? problem.version;
  return {
    by: String(problem.changed_by ?? ""),
    at: String(problem.changed_at ?? ""),
    version: typeof version === "number" ? version : undefined,
  };
}
