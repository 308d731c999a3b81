import type { ComponentType } from "react";
import type { FieldForm, Json } from "../model/types";
import { useEditor } from "../page/context";
import { Cases } from "./Cases";
import { Errors, useErrors } from "./errors";
import { JsonInput } from "./JsonInput";
import { KeyValue } from "./KeyValue";
import { MappingRows, VariableRows } from "./mapping";
import { LanguageTexts, Select, Statuses, Switch } from "./simple";
import { NumberInput, TextInput } from "./simple";
import { TemplateInput } from "./TemplateInput";

export interface WidgetProps {
  form: FieldForm & { minimum?: number; maximum?: number; unit?: string; placeholder?: string; required?: boolean };
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  id: string;
  invalid: boolean;
  describedBy?: string;
  kind: string;
}

const text = (value: Json | undefined) => (typeof value === "string" ? value : value == null ? "" : JSON.stringify(value));

const Template = (props: WidgetProps & { multiline?: boolean }) => (
  <TemplateInput
    id={props.id} label={props.form.label} value={text(props.value)} multiline={props.multiline}
    placeholder={props.form.placeholder} invalid={props.invalid} describedBy={props.describedBy}
    onChange={(next) => props.onChange(next === "" && !props.form.required ? undefined : next)}
  />
);
const JsonText = (props: WidgetProps) => (
  <JsonInput {...props} label={props.form.label} path={props.form.name} placeholder={props.form.placeholder} />
);

/** How each widget of a form description is shown. What is not known here is edited as JSON. */
const WIDGETS: Record<string, ComponentType<WidgetProps>> = {
  text: TextInput,
  textarea: TextInput,
  template: Template,
  "textarea-template": (props) => <Template {...props} multiline />,
  json: JsonText,
  "json-template": JsonText,
  number: NumberInput,
  boolean: Switch,
  select: Select,
  "workflow-select": Select,
  "source-select": Select,
  "auth-profile-select": Select,
  // What is sent over HTTP is text; everywhere else `true` and `3` are what they say.
  "key-value": (props) => <KeyValue {...props} typed={props.kind !== "api_request"} />,
  "mapping-rows": MappingRows,
  "variable-rows": VariableRows,
  "status-list": Statuses,
  "per-language-texts": LanguageTexts,
  cases: Cases,
};

/** Widgets made of rows show the errors inside them at the row. */
const WITH_ROWS = new Set(["key-value", "mapping-rows", "variable-rows", "cases", "per-language-texts"]);
const LABELLED = new Set(["boolean"]);

export function Field(props: {
  node: string; kind: string; form: FieldForm; value: Json | undefined; onChange: (value: Json | undefined) => void;
}) {
  const { form, node } = props;
  const { moment } = useEditor();
  const id = `ed-${node}-${form.name}`;
  const withRows = WITH_ROWS.has(form.widget);
  const invalid = useErrors(form.name, !withRows).length > 0;
  if (form.widget === "hidden" || (moment && form.moments && !form.moments.includes(moment) && props.value == null)) {
    return null;
  }
  const Widget = WIDGETS[form.widget] ?? JsonText;
  const describedBy = [form.help && `${id}-help`, invalid && `${id}-errors`].filter(Boolean).join(" ") || undefined;
  return (
    <div className={`ed-field${invalid ? " ed-invalid" : ""}`} data-field={form.name}>
      {!LABELLED.has(form.widget) &&
        (withRows ? <h4 id={`${id}-label`}>{form.label}</h4> : <label htmlFor={id}>{form.label}</label>)}
      <Widget
        form={form} value={props.value} onChange={props.onChange} id={id} invalid={invalid} describedBy={describedBy}
        kind={props.kind}
      />
      <Errors path={form.name} deep={!withRows} id={`${id}-errors`} />
      {form.help && (
        <p className="ed-help" id={`${id}-help`}>
          {form.help}
        </p>
      )}
    </div>
  );
}

