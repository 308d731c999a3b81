import {
  Background, ControlButton, Controls, MarkerType, MiniMap, ReactFlow, applyNodeChanges, useReactFlow,
} from "@xyflow/react";
import type { Connection, Edge, EdgeChange, NodeChange } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { DragEvent } from "react";
import { START, connect, edgeId, outputsOf, rounded } from "../model/graph";
import type { Graph, TestResult } from "../model/types";
import { useEditor } from "../page/context";
import { Icon } from "../page/Icon";
import { t } from "../page/texts";
import { StepNode } from "./StepNode";
import type { StepNodeType } from "./StepNode";
import { essence, nodeTitle, outputLabel } from "./describe";

const NODE_TYPES = { step: StepNode };
export const DRAGGED_KIND = "application/x-triptyque-node";

interface Props {
  dark: boolean;
  selectedNodes: string[];
  selectedEdges: string[];
  onSelect: (nodes: string[], edges: string[]) => void;
  /** Some were selected, some no longer; several of these may come before the next drawing. */
  onSelection: (part: "nodes" | "edges", changed: { id: string; selected: boolean }[]) => void;
  change: (change: (graph: Graph) => Graph, mark?: string) => void;
  onDropKind: (kind: string, position: { x: number; y: number }) => void;
  onArrange: () => void;
  result: TestResult | null;
  pinned: Set<string>;
}

export function Canvas(props: Props) {
  const { graph, kinds, errors, drafts } = useEditor();
  const { selectedNodes, selectedEdges, onSelect, onSelection, change, result, pinned } = props;
  const flow = useReactFlow();
  const trace = useMemo(() => new Map(result?.trace.map((entry) => [entry.node, entry]) ?? []), [result]);

  const drawn = useMemo(
    () =>
      graph.nodes.map((node): StepNodeType => {
        const kind = kinds.get(node.kind);
        const entry = trace.get(node.id);
        const count = errors.filter((error) => error.node === node.id).length;
        const drafted = [...drafts.keys()].filter((key) => key.startsWith(`${node.id}:`)).length;
        const title = nodeTitle(node, kind);
        return {
          id: node.id,
          type: "step",
          position: node.position,
          ariaLabel: [title, kind?.label, count && t("errors_count", { count })].filter(Boolean).join(", "),
          data: {
            title: node.title,
            kind: kind?.label ?? node.kind,
            icon: kind?.icon ?? "help",
            essence: essence(node),
            outputs: outputsOf(node, kind).map((name) => ({
              name, label: outputLabel(node, kind, name), taken: entry?.branch === name,
            })),
            errors: count + drafted,
            state: result ? (entry?.state ?? "not_taken") : "",
            pinned: pinned.has(node.id),
            isStart: node.kind === START,
          },
        };
      }),
    [graph, kinds, errors, drafts, trace, result, pinned],
  );

  const [nodes, setNodes] = useState<StepNodeType[]>(drawn);
  // React Flow keeps what it has measured on its own nodes.
  useEffect(() => {
    setNodes((current) => {
      const known = new Map(current.map((node) => [node.id, node]));
      return drawn.map((node) => {
        const old = known.get(node.id);
        const kept = old && { measured: old.measured, width: old.width, height: old.height };
        return { ...kept, ...node, selected: selectedNodes.includes(node.id) };
      });
    });
  }, [drawn, selectedNodes]);

  const edges = useMemo(
    () =>
      graph.edges.map((edge, index): Edge => {
        const [from, to] = [trace.get(edge.source), trace.get(edge.target)];
        const taken = from?.branch === edge.output && to !== undefined && to.state !== "not_taken";
        const wrong = errors.some((error) => error.field === `edges.${index}`);
        const id = edgeId(edge);
        return {
          id, source: edge.source, target: edge.target, sourceHandle: edge.output,
          selected: selectedEdges.includes(id),
          animated: taken,
          className: [taken && "ed-edge-taken", result && !taken && "ed-edge-idle", wrong && "ed-edge-wrong"]
            .filter(Boolean).join(" "),
          markerEnd: { type: MarkerType.ArrowClosed, width: 18, height: 18, ...(taken ? { color: "#16a34a" } : {}) },
          ariaLabel: t("connection_label", { source: name(edge.source), target: name(edge.target) }),
        };
      }),
    [graph.edges, trace, errors, selectedEdges, result],
  );
  function name(id: string) {
    const node = graph.nodes.find((other) => other.id === id);
    return node ? nodeTitle(node, kinds.get(node.kind)) : id;
  }

  const onNodesChange = useCallback(
    (changes: NodeChange<StepNodeType>[]) => {
      setNodes((current) => applyNodeChanges(changes.filter((item) => item.type !== "remove"), current));
      const moved = new Map(
        changes.flatMap((item) =>
          item.type === "position" && item.position && !item.dragging ? [[item.id, rounded(item.position)] as const] : [],
        ),
      );
      if (moved.size) change((current) => placed(current, moved), "move");
      const selections = changes.filter((item) => item.type === "select");
      if (selections.length) onSelection("nodes", selections);
    },
    [change, onSelection],
  );
  const onEdgesChange = (changes: EdgeChange[]) => {
    const selections = changes.filter((item) => item.type === "select");
    if (selections.length) onSelection("edges", selections);
  };
  const onConnect = (connection: Connection) =>
    change((current) =>
      connect(current, {
        source: connection.source, target: connection.target, output: connection.sourceHandle ?? "next",
      }),
    );
  const onDrop = (event: DragEvent) => {
    const kind = event.dataTransfer.getData(DRAGGED_KIND);
    if (!kind) return;
    event.preventDefault();
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    props.onDropKind(kind, { x: at.x - 110, y: at.y - 28 });
  };
  return (
    <ReactFlow<StepNodeType>
      nodes={nodes} edges={edges} nodeTypes={NODE_TYPES} colorMode={props.dark ? "dark" : "light"}
      onNodesChange={onNodesChange} onEdgesChange={onEdgesChange} onConnect={onConnect}
      onDrop={onDrop}
      onDragOver={(event) => {
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      }}
      onPaneClick={() => onSelect([], [])}
      deleteKeyCode={null} multiSelectionKeyCode={["Shift", "Control", "Meta"]} selectionKeyCode="Shift"
      minZoom={0.2} maxZoom={1.75} connectionRadius={36}
      aria-label={t("canvas")}
      ariaLabelConfig={{
        "node.a11yDescription.default": t("node_help"),
        "node.a11yDescription.keyboardDisabled": t("node_help"),
        "edge.a11yDescription.default": t("edge_help"),
        "controls.ariaLabel": t("controls"),
        "controls.zoomIn.ariaLabel": t("zoom_in"),
        "controls.zoomOut.ariaLabel": t("zoom_out"),
        "controls.fitView.ariaLabel": t("fit"),
        "minimap.ariaLabel": t("minimap"),
        "handle.ariaLabel": t("way_out"),
      }}
    >
      <Background gap={20} />
      <Controls showInteractive={false} position="bottom-left">
        <ControlButton onClick={props.onArrange} title={t("arrange")} aria-label={t("arrange")}>
          <Icon name="auto_awesome_mosaic" />
        </ControlButton>
      </Controls>
      {graph.nodes.length > 8 && <MiniMap pannable zoomable position="bottom-right" />}
    </ReactFlow>
  );
}

function placed(graph: Graph, moved: Map<string, { x: number; y: number }>): Graph {
  const changes = graph.nodes.some((node) => {
    const at = moved.get(node.id);
    return at && (at.x !== node.position.x || at.y !== node.position.y);
  });
  if (!changes) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, position: moved.get(node.id) ?? node.position })) };
}
