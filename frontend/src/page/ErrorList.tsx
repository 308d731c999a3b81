import { nodeTitle } from "../canvas/describe";
import { useEditor } from "./context";
import { Icon } from "./Icon";
import { t } from "./texts";

/** All that keeps the workflow from running; each leads to its step and setting. */
export function ErrorList({ onGo }: { onGo: (node: string | null, field: string | null) => void }) {
  const { errors, drafts, graph, kinds } = useEditor();
  const drafted = [...drafts].map(([key, draft]) => {
    const [node = "", ...field] = key.split(":");
    return { node, field: field.join(":"), message: draft.message };
  });
  const all = [...drafted, ...errors];
  if (!all.length) {
    return (
      <p className="ed-all-well">
        <Icon name="check_circle" />
        {t("no_errors")}
      </p>
    );
  }
  const place = (node: string | null) => {
    const found = graph.nodes.find((other) => other.id === node);
    return found ? nodeTitle(found, kinds.get(found.kind)) : t("whole_workflow");
  };
  return (
    <ul className="ed-error-list">
      {all.map((error, index) => (
        <li key={index}>
          <button type="button" onClick={() => onGo(error.node, error.field)}>
            <Icon name="error" />
            <span>
              <strong>{place(error.node)}</strong> {error.message}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
