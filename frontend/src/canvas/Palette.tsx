import { START } from "../model/graph";
import type { NodeKind } from "../model/types";
import { Icon } from "../page/Icon";
import { t } from "../page/texts";
import { DRAGGED_KIND } from "./Canvas";

/** The kinds of step that the moment allows: dragged to the canvas, or added after the selected one. */
export function Palette(props: { kinds: NodeKind[]; hasStart: boolean; onAdd: (kind: NodeKind) => void }) {
  const kinds = props.kinds.filter((kind) => kind.name !== START || !props.hasStart);
  return (
    <aside className="ed-palette" aria-label={t("palette")}>
      <h3>{t("steps")}</h3>
      <ul>
        {kinds.map((kind) => (
          <li key={kind.name}>
            <button
              type="button" draggable className="ed-kind" title={kind.summary} data-kind={kind.name}
              onClick={() => props.onAdd(kind)}
              onDragStart={(event) => {
                event.dataTransfer.setData(DRAGGED_KIND, kind.name);
                event.dataTransfer.effectAllowed = "copy";
              }}
            >
              <Icon name={kind.icon} />
              <span>{kind.label}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className="ed-help">{t("palette_help")}</p>
    </aside>
  );
}
