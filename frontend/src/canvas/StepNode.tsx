import { Handle, Position, useUpdateNodeInternals } from "@xyflow/react";
import type { Node, NodeProps } from "@xyflow/react";
import { memo, useEffect } from "react";
import { Icon } from "../page/Icon";
import { t } from "../page/texts";

export interface StepData extends Record<string, unknown> {
  title: string;
  kind: string;
  icon: string;
  essence: string;
  outputs: { name: string; label: string; taken: boolean }[];
  errors: number;
  state: string;
  pinned: boolean;
  isStart: boolean;
}

export type StepNodeType = Node<StepData, "step">;

const STATE_ICONS: Record<string, string> = {
  succeeded: "check_circle", failed: "error", cancelled: "block", not_taken: "remove", pinned: "keep", not_run: "remove",
};

/** One step on the canvas: what it is, what it does, its ways out. */
export const StepNode = memo(function StepNode({ id, data, selected }: NodeProps<StepNodeType>) {
  const update = useUpdateNodeInternals();
  const outputs = data.outputs.map((output) => output.name).join(" ");
  // React Flow remembers handles by name and place.
  useEffect(() => update(id), [id, outputs, data.essence, data.title, update]);
  const classes = ["ed-node", selected && "ed-selected", data.state && `ed-state-${data.state}`];
  return (
    <div className={classes.filter(Boolean).join(" ")}>
      {!data.isStart && <Handle type="target" position={Position.Left} aria-label={t("entry")} />}
      <div className="ed-node-head">
        <span className="ed-node-icon">
          <Icon name={data.icon} />
        </span>
        <span className="ed-node-text">
          <strong>{data.title || data.kind}</strong>
          {data.title && <small>{data.kind}</small>}
        </span>
        {data.pinned && <Icon name="keep" className="ed-pin" />}
        {data.state && STATE_ICONS[data.state] && (
          <span className="ed-node-state" title={t(`state_${data.state}`)}>
            <Icon name={STATE_ICONS[data.state] ?? ""} />
          </span>
        )}
        {data.errors > 0 && (
          <span className="ed-badge" title={t("errors_count", { count: data.errors })}>
            {data.errors}
          </span>
        )}
      </div>
      {data.essence && <div className="ed-node-essence">{data.essence}</div>}
      {data.outputs.length === 1 && (
        <Handle type="source" position={Position.Right} id={data.outputs[0]?.name} aria-label={t("way_out")} />
      )}
      {data.outputs.length > 1 && (
        <div className="ed-node-outputs">
          {data.outputs.map((output) => (
            <div key={output.name} className={output.taken ? "ed-taken" : undefined}>
              {output.label}
              <Handle type="source" position={Position.Right} id={output.name} aria-label={output.label} />
            </div>
          ))}
        </div>
      )}
    </div>
  );
});
