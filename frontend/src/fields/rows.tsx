import type { ReactNode } from "react";
import { Icon, IconButton } from "../page/Icon";
import { t } from "../page/texts";

/** A list of objects, each with its own fields; added, removed and moved by button. */
export function Rows<T>(props: {
  rows: T[];
  onChange: (rows: T[]) => void;
  make: () => T;
  addLabel: string;
  label: (row: T, index: number) => string;
  movable?: boolean;
  children: (row: T, change: (row: T) => void, index: number) => ReactNode;
}) {
  const { rows, onChange } = props;
  const replace = (index: number, row: T) => onChange(rows.map((other, at) => (at === index ? row : other)));
  const move = (index: number, step: number) => {
    const moved = [...rows];
    const [row] = moved.splice(index, 1);
    if (row !== undefined) moved.splice(index + step, 0, row);
    onChange(moved);
  };
  return (
    <div className="ed-rows">
      {rows.map((row, index) => (
        <div className="ed-row" key={index} role="group" aria-label={props.label(row, index)}>
          <div className="ed-row-fields">{props.children(row, (changed) => replace(index, changed), index)}</div>
          <div className="ed-row-tools">
            {props.movable && rows.length > 1 && (
              <>
                <IconButton icon="arrow_upward" label={t("move_up")} disabled={index === 0} onClick={() => move(index, -1)} />
                <IconButton
                  icon="arrow_downward" label={t("move_down")} disabled={index === rows.length - 1}
                  onClick={() => move(index, 1)}
                />
              </>
            )}
            <IconButton icon="close" label={t("remove")} onClick={() => onChange(rows.filter((_, at) => at !== index))} />
          </div>
        </div>
      ))}
      <button type="button" className="ed-link" onClick={() => onChange([...rows, props.make()])}>
        <Icon name="add" />
        {props.addLabel}
      </button>
    </div>
  );
}
