import type { JsonObject } from "../model/types";
import { t } from "../page/texts";
import type { WidgetProps } from "./Field";
import { Errors } from "./errors";
import { Rows } from "./rows";
import { TemplateInput } from "./TemplateInput";
import { optionsOf } from "./simple";
import { textOf, valueOf } from "./values";

const rowsOf = (value: unknown) => (Array.isArray(value) ? (value as JsonObject[]) : []);
const asText = (value: unknown) => (typeof value === "string" ? value : "");

/** From a path in the answer to a variable, with its type and default. */
export function MappingRows({ form, value, onChange }: WidgetProps) {
  return (
    <Rows
      rows={rowsOf(value)} onChange={onChange} make={() => ({ path: "$.", variable: "", type: "any" })}
      addLabel={t("add_mapping")} label={(row) => asText(row.variable) || t("variable")}
    >
      {(row, set, index) => (
        <>
          <div className="ed-grid">
            <input
              className="ed-input ed-code" aria-label={t("path")} placeholder="$.customer.id" spellCheck={false}
              value={asText(row.path)} onChange={(event) => set({ ...row, path: event.target.value })}
            />
            <input
              className="ed-input ed-code" aria-label={t("variable")} placeholder={t("variable")} spellCheck={false}
              value={asText(row.variable)} onChange={(event) => set({ ...row, variable: event.target.value.trim() })}
            />
            <select
              className="ed-input" aria-label={t("type")} value={asText(row.type) || "any"}
              onChange={(event) => set({ ...row, type: event.target.value })}
            >
              {optionsOf(form.options).map((type) => (
                <option key={String(type.value)} value={String(type.value)}>
                  {type.label}
                </option>
              ))}
            </select>
            <input
              className="ed-input" aria-label={t("default")} placeholder={t("default")} value={textOf(row.default)}
              onChange={(event) => {
                const next = { ...row };
                if (event.target.value === "") delete next.default;
                else next.default = row.type === "string" ? event.target.value : valueOf(event.target.value);
                set(next);
              }}
            />
          </div>
          <Errors path={`${form.name}.${index}`} deep />
        </>
      )}
    </Rows>
  );
}

/** A variable and its value, in order. */
export function VariableRows({ form, value, onChange }: WidgetProps) {
  return (
    <Rows
      rows={rowsOf(value)} onChange={onChange} make={() => ({ variable: "", value: "" })} movable
      addLabel={t("add_variable")} label={(row) => asText(row.variable) || t("variable")}
    >
      {(row, set, index) => (
        <>
          <div className="ed-pair">
            <input
              className="ed-input ed-code" aria-label={t("variable")} placeholder={t("variable")} spellCheck={false}
              value={asText(row.variable)} onChange={(event) => set({ ...row, variable: event.target.value.trim() })}
            />
            <TemplateInput
              label={`${t("value")} ${asText(row.variable)}`} placeholder={t("value")} value={textOf(row.value)}
              onChange={(text) => set({ ...row, value: valueOf(text) })}
            />
          </div>
          <Errors path={`${form.name}.${index}`} deep />
        </>
      )}
    </Rows>
  );
}
