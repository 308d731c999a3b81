import { ReactFlowProvider, useNodesInitialized, useReactFlow } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { Canvas } from "../canvas/Canvas";
import { Palette } from "../canvas/Palette";
import { START, addNode, newNode, part, paste, readGraph, remove } from "../model/graph";
import { begin, reduce } from "../model/history";
import { arranged } from "../model/layout";
import { namesIn } from "../model/scope";
import type { Graph, Moment, NodeKind, StoredWorkflow } from "../model/types";
import { TestPanel } from "../test/TestPanel";
import { Conflict, download } from "./Conflict";
import { EditorContext } from "./context";
import type { Draft } from "./context";
import { ErrorList } from "./ErrorList";
import { readForm, useDark } from "./form";
import { Panel } from "./Panel";
import { addAfter } from "./place";
import { t } from "./texts";
import { Toolbar } from "./Toolbar";
import { useErrorsOf, useVariables } from "./useChecks";
import { isTyping, useKeys } from "./useKeys";
import { useSaving } from "./useSaving";
import { useTest } from "./useTest";

export interface EditorProps {
  kinds: NodeKind[];
  initial: Graph;
  loaded: StoredWorkflow | null;
  moment: Moment;
  changeUrl: string;
  /** A recorded run to try again with the draft; '' for none. */
  run: string;
}

/** Around a step that is kept in sight, in pixels. */
const MARGIN = 16;
const CLIPBOARD_MARK = "triptyque/steps";

export function Editor(props: EditorProps) {
  return (
    <ReactFlowProvider>
      <Inside {...props} />
    </ReactFlowProvider>
  );
}

function Inside(props: EditorProps) {
  const root = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLElement>(null);
  const flow = useReactFlow();
  const dark = useDark();
  const [history, dispatch] = useReducer(reduce<Graph>, props.initial, begin<Graph>);
  const [moment, setMoment] = useState<Moment>(props.moment);
  const [selected, setSelected] = useState<{ nodes: string[]; edges: string[] }>({ nodes: [], edges: [] });
  const [drafts, setDrafts] = useState<Map<string, Draft>>(new Map());
  const [drawer, setDrawer] = useState<"" | "errors" | "test">(props.run ? "test" : "");
  const [wide, setWide] = useState(false);
  const [wish, setWish] = useState<{ field: string } | null>(null);
  const graph = history.present;
  const workflow = props.loaded ? String(props.loaded.id) : "";
  const kinds = useMemo(() => new Map(props.kinds.map((kind) => [kind.name, kind])), [props.kinds]);
  const offered = props.kinds.filter((kind) => !moment || kind.moments.includes(moment));

  const change = useCallback(
    (how: (graph: Graph) => Graph, mark?: string) => dispatch({ type: "change", change: how, mark }), [],
  );
  const select = useCallback((nodes: string[], edges: string[] = []) => setSelected({ nodes, edges }), []);
  const changeSelection = useCallback(
    (part: "nodes" | "edges", changed: { id: string; selected: boolean }[]) =>
      setSelected((current) => {
        const next = new Set(current[part]);
        for (const { id, selected: on } of changed) on ? next.add(id) : next.delete(id);
        const other = part === "nodes" ? "edges" : "nodes";
        const kept = { nodes: [], edges: [], [part]: [...next] };
        return next.size ? kept : { ...kept, [other]: current[other] };
      }),
    [],
  );
  const setDraft = useCallback(
    (key: string, draft: Draft | null) =>
      setDrafts((current) => {
        if (!draft && !current.has(key)) return current;
        const next = new Map(current);
        if (draft) next.set(key, draft);
        else next.delete(key);
        return next;
      }),
    [],
  );
  const node = graph.nodes.find((other) => selected.nodes.length === 1 && other.id === selected.nodes[0]);
  const test = useTest(graph, moment, workflow, kinds, change);
  const errors = useErrorsOf(graph, moment, workflow);
  const fromServer = useVariables(graph, moment, workflow, node?.id ?? "", test.data);
  const variables = useMemo(() => {
    const known = new Map(fromServer.map((variable) => [variable.name, variable]));
    for (const variable of namesIn(test.result?.variables ?? {}, "test")) {
      known.set(variable.name, { ...variable, origin: known.get(variable.name)?.origin ?? variable.origin });
    }
    return [...known.values()];
  }, [fromServer, test.result]);
  const liveDrafts = useMemo(() => {
    const ids = new Set([...graph.nodes.map((other) => other.id), "test"]);
    return new Map([...drafts].filter(([key]) => ids.has(key.split(":", 1)[0] ?? "")));
  }, [drafts, graph.nodes]);
  const saving = useSaving(graph, props.loaded, {
    changeUrl: props.changeUrl,
    replaceGraph: (next) => change(() => next),
    obstacle: [...liveDrafts].find(([key]) => !key.startsWith("test:"))?.[1].message ?? "",
  });

  const context = useMemo(
    () => ({ kinds, graph, moment, errors, drafts: liveDrafts, setDraft, variables }),
    [kinds, graph, moment, errors, liveDrafts, setDraft, variables],
  );

  // With the drawing that shows the panel, not some time later: whoever types on is where they look.
  const focusPanel = (field?: string | null) => setWish({ field: field ?? "title" });
  useEffect(() => {
    if (!wish) return;
    const name = wish.field.split(".", 1)[0] ?? "";
    const area = panel.current?.querySelector(`[data-field="${CSS.escape(name)}"]`) ?? panel.current;
    const target = area?.querySelector<HTMLElement>("[aria-invalid=true]")
      ?? area?.querySelector<HTMLElement>("input, textarea, select, button");
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  }, [wish]);
  const focusNode = (id: string) =>
    root.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus();

  // The panel takes room from the canvas: the step that it configures stays in sight.
  useEffect(() => {
    if (!node?.id) return;
    const timer = setTimeout(() => {
      const canvas = root.current?.querySelector(".ed-canvas")?.getBoundingClientRect();
      const shown = root.current?.querySelector(`.react-flow__node[data-id="${CSS.escape(node.id)}"]`)?.getBoundingClientRect();
      if (!canvas || !shown) return;
      const inside = (from: number, to: number, low: number, high: number) =>
        from < low + MARGIN ? low + MARGIN - from : to > high - MARGIN ? high - MARGIN - to : 0;
      const dx = inside(shown.left, shown.right, canvas.left, canvas.right);
      const dy = inside(shown.top, shown.bottom, canvas.top, canvas.bottom);
      const { x, y, zoom } = flow.getViewport();
      if (dx || dy) flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: 200 });
    }, 80);
    return () => clearTimeout(timer);
  }, [node?.id, flow]);
  const measured = useNodesInitialized();
  const begun = useRef(false);
  useEffect(() => {
    if (!measured || begun.current) return;
    begun.current = true;
    void flow.fitView({ padding: 0.15, maxZoom: 1 });
  }, [measured, flow]);
  useEffect(() => {
    if (drawer !== "test") return;
    const timer = setTimeout(() => void flow.fitView({ padding: 0.1, maxZoom: 1, duration: 250 }), 80);
    return () => clearTimeout(timer);
  }, [drawer, flow]);
  const add = (kind: NodeKind) => {
    const added = addAfter(graph, kind, node, kinds);
    change(() => added.graph);
    select([added.id]);
    focusPanel();
  };
  const drop = (name: string, position: { x: number; y: number }) => {
    const kind = kinds.get(name);
    if (!kind) return;
    const fresh = newNode(graph, kind, position);
    change((current) => addNode(current, fresh));
    select([fresh.id]);
  };
  const removeSelected = () => {
    change((current) => remove(current, selected.nodes, selected.edges));
    select([]);
  };
  const arrange = () => {
    const sizes = new Map(
      flow.getNodes().map((other) => [other.id, { width: other.measured?.width ?? 240, height: other.measured?.height ?? 96 }]),
    );
    change((current) => arranged(current, sizes));
    setTimeout(() => fit(), 60);
  };
  const fit = () => flow.fitView({ padding: 0.15, maxZoom: 1, duration: 250 });
  const go = (id: string | null, field: string | null) => {
    if (!id || id === "test") return;
    select([id]);
    flow.fitView({ nodes: [{ id }], maxZoom: Math.max(flow.getZoom(), 0.8), duration: 250 });
    focusPanel(field?.startsWith("edges.") ? "" : field);
  };
  useKeys(root, {
    undo: () => dispatch({ type: "undo" }),
    redo: () => dispatch({ type: "redo" }),
    save: () => void saving.save(),
    copy: () => {
      const copied = part(graph, selected.nodes);
      return copied.nodes.length ? JSON.stringify({ [CLIPBOARD_MARK]: copied }) : null;
    },
    paste: (text) => {
      const copied = stepsIn(text);
      if (!copied) return false;
      const pasted = paste(graph, copied);
      change(() => pasted.graph);
      select(pasted.ids);
      return true;
    },
  });
  const onCanvasKey = (event: KeyboardEvent) => {
    if (isTyping(event.target)) return;
    if (event.key === "Delete" || event.key === "Backspace") removeSelected();
    const focused = (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id;
    if (event.key === "Enter" && focused) {
      // Else its second half would reach the field that gets the focus, and post the form.
      event.preventDefault();
      select([focused]);
      focusPanel();
    }
  };
  const onPanelKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !node) return;
    focusNode(node.id);
  };
  const errorCount = errors.length + liveDrafts.size;
  return (
    <EditorContext value={context}>
      <div className={`ed-editor${wide ? " ed-wide" : ""}`} ref={root} onKeyDown={notTheForm}>
        <Toolbar
          moment={moment} setMoment={setMoment} canUndo={history.past.length > 0} canRedo={history.future.length > 0}
          onUndo={() => dispatch({ type: "undo" })} onRedo={() => dispatch({ type: "redo" })} onArrange={arrange} onFit={fit}
          errorCount={errorCount} showErrors={drawer === "errors"} onErrors={() => setDrawer(drawer === "errors" ? "" : "errors")}
          showTest={drawer === "test"} onTest={() => setDrawer(drawer === "test" ? "" : "test")}
          wide={wide} onWide={() => setWide(!wide)} dirty={saving.dirty} state={saving.state} onSave={() => void saving.save()}
        />
        <div className="ed-main">
          <Palette kinds={offered} hasStart={graph.nodes.some((other) => other.kind === START)} onAdd={add} />
          <div className="ed-canvas" onKeyDown={onCanvasKey}>
            <Canvas
              dark={dark} selectedNodes={selected.nodes} selectedEdges={selected.edges} onSelect={select}
              onSelection={changeSelection} change={change}
              onDropKind={drop} onArrange={arrange} result={test.result} pinned={test.pinned}
            />
          </div>
          {node && (
            <aside className="ed-panel" aria-label={t("panel")} ref={panel} onKeyDown={onPanelKey}>
              <Panel key={node.id} node={node} change={change} onDelete={removeSelected} onClose={() => select([])} />
            </aside>
          )}
        </div>
        {drawer && (
          <section className="ed-drawer" aria-label={drawer === "test" ? t("test") : t("errors")}>
            {drawer === "errors" ? (
              <ErrorList onGo={go} />
            ) : (
              <TestPanel
                data={test.data} setData={test.setData} result={test.result} failure={test.failure} running={test.running}
                selected={node} pinned={test.pinned} onPin={test.pin} onRun={(options) => void test.run(options)}
                onRerun={props.run ? () => void test.rerun(props.run) : null}
              />
            )}
          </section>
        )}
        {saving.conflict && (
          <Conflict
            facts={saving.conflict} onClose={saving.closeConflict} onOverwrite={() => void saving.overwrite()}
            onLoadTheirs={() => void saving.loadTheirs()}
            onDownload={() => download(readForm().name, { ...readForm(), graph })}
          />
        )}
      </div>
    </EditorContext>
  );
}

/** Enter in a field of the editor must not post the admin's form around it. */
function notTheForm(event: KeyboardEvent) {
  if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
}

function stepsIn(text: string): Graph | null {
  try {
    const copied = (JSON.parse(text) as Record<string, unknown>)[CLIPBOARD_MARK];
    return copied ? readGraph(copied) : null;
  } catch {
    return null;
  }
}
