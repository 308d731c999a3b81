import type { JsonObject, Option } from "../model/types";
import { t } from "../page/texts";
import { Rows } from "./rows";
import { TemplateInput } from "./TemplateInput";
import { textOf, valueOf } from "./values";

const WITHOUT_VALUE = new Set(["is_empty", "is_not_empty"]);
const EXPRESSIONS: Record<string, string> = {
  equals: "==", not_equals: "!=", greater: ">", greater_or_equal: ">=", less: "<", less_or_equal: "<=",
};

const fresh = (): JsonObject => ({ variable: "", operator: "equals", value: "" });
const text = (value: unknown) => (typeof value === "string" ? value : "");

/** When a branch is taken: rows of variable, comparison and value, or an expression (`when`). */
export function Condition(props: {
  label: string; item: JsonObject; operators: Option[]; onChange: (item: JsonObject) => void;
}) {
  const { item, onChange } = props;
  const rows = Array.isArray(item.rows) ? (item.rows as JsonObject[]) : [];
  const asRows = typeof item.when !== "string";
  const toggle = () => {
    const { when: _when, rows: _rows, match: _match, ...rest } = item;
    if (asRows) onChange({ ...rest, when: expressionOf(rows, item.match === "any" ? " or " : " and ") });
    else onChange({ ...rest, match: "all", rows: [fresh()] });
  };
  return (
    <div className="ed-condition">
      <div className="ed-condition-head">
        {asRows && rows.length > 1 ? (
          <select
            className="ed-input" aria-label={t("match")} value={text(item.match) || "all"}
            onChange={(event) => onChange({ ...item, match: event.target.value })}
          >
            <option value="all">{t("match_all")}</option>
            <option value="any">{t("match_any")}</option>
          </select>
        ) : (
          <span className="ed-help">{t("condition_if")}</span>
        )}
        <button type="button" className="ed-link" onClick={toggle}>
          {asRows ? t("as_expression") : t("as_rows")}
        </button>
      </div>
      {asRows ? (
        <Rows<JsonObject>
          rows={rows.length ? rows : [fresh()]} onChange={(next) => onChange({ ...item, rows: next })} make={fresh}
          addLabel={t("add_condition")} label={(row) => text(row.variable) || t("variable")}
        >
          {(row, change) => (
            <div className="ed-compare">
              <TemplateInput
                bare label={t("variable")} placeholder={t("variable")} value={text(row.variable)}
                onChange={(variable) => change({ ...row, variable })}
              />
              <select
                className="ed-input" aria-label={t("operator")} value={text(row.operator)}
                onChange={(event) => change({ ...row, operator: event.target.value })}
              >
                {props.operators.map((operator) => (
                  <option key={String(operator.value)} value={String(operator.value)}>
                    {operator.label}
                  </option>
                ))}
              </select>
              {!WITHOUT_VALUE.has(text(row.operator)) && (
                <TemplateInput
                  label={t("value")} placeholder={t("value")} value={textOf(row.value)}
                  onChange={(next) => change({ ...row, value: valueOf(next) })}
                />
              )}
            </div>
          )}
        </Rows>
      ) : (
        <TemplateInput
          bare multiline label={props.label} value={text(item.when)} placeholder='tier == "gold" and params.vip'
          onChange={(when) => onChange({ ...item, when })}
        />
      )}
    </div>
  );
}

/** The same condition as an expression, to go on from. */
function expressionOf(rows: JsonObject[], join: string): string {
  return rows
    .filter((row) => row.variable)
    .map((row) => {
      const variable = text(row.variable);
      const value = JSON.stringify(row.value ?? null);
      if (row.operator === "is_empty") return `not ${variable}`;
      if (row.operator === "is_not_empty") return variable;
      if (row.operator === "contains") return `${value} in ${variable}`;
      return `${variable} ${EXPRESSIONS[text(row.operator)] ?? "=="} ${value}`;
    })
    .join(join);
}
