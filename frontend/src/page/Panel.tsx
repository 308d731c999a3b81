import { outputLabel } from "../canvas/describe";
import { Field } from "../fields/Field";
import { Errors } from "../fields/errors";
import { changeNode, configure, lead, outputsOf, targetOf } from "../model/graph";
import type { Graph, GraphNode } from "../model/types";
import { nodeTitle } from "../canvas/describe";
import { NodeContext, useEditor } from "./context";
import { Icon, IconButton } from "./Icon";
import { t } from "./texts";

type Change = (change: (graph: Graph) => Graph, mark?: string) => void;

/** The settings of the selected step, and where it leads. */
export function Panel(props: { node: GraphNode; change: Change; onDelete: () => void; onClose: () => void }) {
  const { node, change } = props;
  const { kinds } = useEditor();
  const kind = kinds.get(node.kind);
  return (
    <NodeContext value={node.id}>
      <div className="ed-panel-head">
        <span className="ed-node-icon">
          <Icon name={kind?.icon ?? "help"} />
        </span>
        <h3>{kind?.label ?? node.kind}</h3>
        <IconButton icon="delete" label={t("delete_step")} onClick={props.onDelete} shortcut={t("key_delete")} />
        <IconButton icon="close" label={t("close")} onClick={props.onClose} shortcut={t("key_escape")} />
      </div>
      {kind?.summary && <p className="ed-help">{kind.summary}</p>}
      <StepErrors node={node} />
      <div className="ed-field" data-field="title">
        <label htmlFor={`ed-${node.id}-title`}>{t("step_title")}</label>
        <input
          id={`ed-${node.id}-title`} className="ed-input" value={node.title} maxLength={100} placeholder={kind?.label}
          onChange={(event) =>
            change((graph) => changeNode(graph, node.id, (old) => ({ ...old, title: event.target.value })), `title:${node.id}`)
          }
        />
        <Errors path="title" />
      </div>
      {kind?.fields.map((form) => (
        <Field
          key={form.name} node={node.id} kind={node.kind} form={form} value={node.config[form.name]}
          onChange={(value) =>
            change((graph) => configure(graph, node.id, form.name, value, kind), `config:${node.id}:${form.name}`)
          }
        />
      ))}
      <NextSteps node={node} change={change} />
    </NodeContext>
  );
}

/** What is wrong with the step as a whole: nothing leads to it, it stands in a circle. */
function StepErrors({ node }: { node: GraphNode }) {
  const { errors, kinds } = useEditor();
  const shown = new Set(["title", ...(kinds.get(node.kind)?.fields.map((form) => form.name) ?? [])]);
  const here = errors.filter((error) => error.node === node.id && !shown.has((error.field ?? "").split(".", 1)[0] ?? ""));
  if (!here.length) return null;
  return (
    <ul className="ed-errors">
      {here.map((error) => (
        <li key={error.message}>{error.message}</li>
      ))}
    </ul>
  );
}

/** Connections without a mouse: for each way out, the step that follows. */
function NextSteps({ node, change }: { node: GraphNode; change: Change }) {
  const { graph, kinds } = useEditor();
  const outputs = outputsOf(node, kinds.get(node.kind));
  if (!outputs.length) return null;
  const others = graph.nodes.filter((other) => other.id !== node.id && other.kind !== "start");
  return (
    <fieldset className="ed-next">
      <legend>{t("next_steps")}</legend>
      {outputs.map((output) => {
        const id = `ed-${node.id}-next-${output}`;
        return (
          <div key={output} className="ed-next-row" data-output={output}>
            <label htmlFor={id}>{outputLabel(node, kinds.get(node.kind), output)}</label>
            <select
              id={id} className="ed-input" value={targetOf(graph, node.id, output) ?? ""}
              onChange={(event) => change((old) => lead(old, node.id, output, event.target.value))}
            >
              <option value="">{t("no_next_step")}</option>
              {others.map((other) => (
                <option key={other.id} value={other.id}>
                  {labelOf(other, others, kinds.get(other.kind)?.label)}
                </option>
              ))}
            </select>
          </div>
        );
      })}
    </fieldset>
  );

  function labelOf(other: GraphNode, all: GraphNode[], kindLabel?: string) {
    const title = nodeTitle(other, kinds.get(other.kind));
    const twice = all.filter((one) => nodeTitle(one, kinds.get(one.kind)) === title).length > 1;
    return twice ? `${title} (${other.id})` : other.title && kindLabel ? `${title} – ${kindLabel}` : title;
  }
}
