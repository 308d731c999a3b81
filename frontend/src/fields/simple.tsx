import { useEffect, useRef, useState } from "react";
import type { Json, JsonObject, Option } from "../model/types";
import { t } from "../page/texts";
import type { WidgetProps } from "./Field";
import { Errors } from "./errors";
import { TemplateInput } from "./TemplateInput";

const attributes = (props: WidgetProps) => ({
  id: props.id,
  "aria-invalid": props.invalid || undefined,
  "aria-describedby": props.describedBy,
  placeholder: props.form.placeholder || undefined,
  className: "ed-input",
});

export function TextInput(props: WidgetProps) {
  const value = typeof props.value === "string" ? props.value : "";
  const onChange = (event: { target: { value: string } }) => props.onChange(event.target.value || undefined);
  if (props.form.widget === "textarea") return <textarea rows={3} {...attributes(props)} value={value} onChange={onChange} />;
  return <input type="text" {...attributes(props)} value={value} onChange={onChange} />;
}

export function NumberInput(props: WidgetProps) {
  const { form, value } = props;
  return (
    <div className="ed-unit">
      <input
        type="number" step="any" min={form.minimum ?? undefined} max={form.maximum ?? undefined} {...attributes(props)}
        value={typeof value === "number" ? value : ""}
        onChange={(event) => props.onChange(event.target.value === "" ? undefined : Number(event.target.value))}
      />
      {form.unit && <span>{form.unit}</span>}
    </div>
  );
}

export function Switch(props: WidgetProps) {
  return (
    <label className="ed-switch">
      <input
        type="checkbox" id={props.id} aria-describedby={props.describedBy} checked={props.value === true}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      {props.form.label}
    </label>
  );
}

/** Options come as {value, label}, as [value, label] or as bare values. */
export function optionsOf(raw: unknown): Option[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((item: unknown) => {
    if (Array.isArray(item)) return { value: item[0] as Json, label: String(item[1]) };
    if (item && typeof item === "object") return item as Option;
    return { value: item as Json, label: String(item) };
  });
}

export function Select(props: WidgetProps) {
  const options = optionsOf(props.form.options);
  const current = options.findIndex((option) => option.value === (props.value ?? null) || option.value === props.value);
  const hasEmpty = options.some((option) => option.value === "" || option.value === null);
  const unknown = props.value != null && props.value !== "" && current < 0;
  return (
    <select
      {...attributes(props)} value={current >= 0 ? current : unknown ? "unknown" : ""}
      onChange={(event) => props.onChange(options[Number(event.target.value || NaN)]?.value ?? undefined)}
    >
      {!hasEmpty && !(props.form.required && current >= 0) && <option value="">{t("none_chosen")}</option>}
      {unknown && <option value="unknown">{String(props.value)}</option>}
      {options.map((option, index) => (
        <option key={index} value={index}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

/** `200, 404, 2xx` */
export function Statuses(props: WidgetProps) {
  const shown = Array.isArray(props.value) ? props.value.join(", ") : "";
  const [text, setText] = useState(shown);
  const sent = useRef(shown);
  useEffect(() => {
    if (shown !== sent.current) {
      sent.current = shown;
      setText(shown);
    }
  }, [shown]);
  return (
    <input
      type="text" {...attributes(props)} value={text}
      onChange={(event) => {
        setText(event.target.value);
        const parts = event.target.value.split(/[\s,;]+/).filter(Boolean);
        const statuses = parts.map((part): Json => (/^\d{3}$/.test(part) ? Number(part) : part));
        sent.current = statuses.join(", ");
        props.onChange(statuses);
      }}
    />
  );
}

const LANGUAGES = ["fr", "en"];

/** An object with a text for each language. */
export function LanguageTexts(props: WidgetProps) {
  const texts = (props.value ?? {}) as JsonObject;
  const codes = [...new Set([...LANGUAGES, ...Object.keys(texts)])];
  const change = (code: string, text: string) => {
    const next = { ...texts };
    if (text) next[code] = text;
    else delete next[code];
    props.onChange(next);
  };
  return (
    <div className="ed-rows">
      {codes.map((code) => (
        <div key={code} className="ed-language">
          <span aria-hidden="true">{code}</span>
          <TemplateInput
            label={`${props.form.label}: ${t(`language_${code}`)}`} multiline
            value={typeof texts[code] === "string" ? (texts[code] as string) : ""}
            onChange={(text) => change(code, text)}
          />
          <Errors path={`${props.form.name}.${code}`} deep />
        </div>
      ))}
    </div>
  );
}
