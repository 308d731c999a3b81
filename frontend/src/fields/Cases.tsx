import type { JsonObject } from "../model/types";
import { t } from "../page/texts";
import { Condition } from "./Condition";
import type { WidgetProps } from "./Field";
import { Errors } from "./errors";
import { Rows } from "./rows";
import { optionsOf } from "./simple";
import { slug } from "./values";

/** Ordered branches: a title, a condition, and an id that the connection of the branch goes by. */
export function Cases({ form, value, onChange }: WidgetProps) {
  const cases = Array.isArray(value) ? (value as JsonObject[]) : [];
  const fresh = () => {
    const taken = new Set(cases.map((item) => item.id));
    let number = cases.length + 1;
    while (taken.has(`case-${number}`)) number += 1;
    return { id: `case-${number}`, title: "", match: "all", rows: [] };
  };
  const titled = (item: JsonObject, title: string): JsonObject => {
    const own = slug(String(item.title ?? ""));
    // The id follows the title until somebody has connected by another one.
    const follows = /^case-\d+$/.test(String(item.id)) || item.id === own;
    const id = slug(title);
    const free = id && id !== "else" && !cases.some((other) => other !== item && other.id === id);
    return { ...item, title, ...(follows && free ? { id } : {}) };
  };
  return (
    <Rows
      rows={cases} onChange={onChange as (rows: JsonObject[]) => void} make={fresh as () => JsonObject} movable
      addLabel={t("add_case")} label={(item, index) => String(item.title || t("case", { number: index + 1 }))}
    >
      {(item, set, index) => (
        <>
          <input
            className="ed-input" aria-label={t("case_title", { number: index + 1 })} value={String(item.title ?? "")}
            placeholder={t("case", { number: index + 1 })} onChange={(event) => set(titled(item, event.target.value))}
          />
          <Condition
            label={t("condition", { number: index + 1 })} item={item} operators={optionsOf(form.options)} onChange={set}
          />
          <Errors path={`${form.name}.${index}`} deep />
        </>
      )}
    </Rows>
  );
}
