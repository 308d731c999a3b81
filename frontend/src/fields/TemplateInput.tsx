import { useEffect, useId, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { short } from "../model/scope";
import { useEditor } from "../page/context";
import { t } from "../page/texts";
import { completed, matching, placeAt } from "./complete";

interface Props {
  id?: string;
  label: string;
  value: string;
  onChange: (text: string) => void;
  onBlur?: () => void;
  multiline?: boolean;
  /** The whole text is one expression, without `{{ }}`. */
  bare?: boolean;
  code?: boolean;
  invalid?: boolean;
  placeholder?: string;
  describedBy?: string;
}

/** A text in which `{{` opens the list of the names that may be written there. */
export function TemplateInput(props: Props) {
  const { variables } = useEditor();
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [active, setActive] = useState(0);
  const pending = useRef<number | null>(null);
  const list = useId();

  const place = cursor === null ? null : placeAt(props.value, cursor, props.bare ?? false);
  const choices = place ? matching(variables, place.typed) : [];
  const exact = choices.length === 1 && choices[0]?.name === place?.typed;
  const open = choices.length > 0 && !exact;

  useEffect(() => {
    if (pending.current !== null && field.current) {
      field.current.setSelectionRange(pending.current, pending.current);
      pending.current = null;
    }
  });
  useEffect(() => {
    if (open) document.getElementById(`${list}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active, list, open]);

  const choose = (index: number) => {
    const choice = choices[index];
    if (!choice || !place || cursor === null) return;
    const next = completed(props.value, place, cursor, choice.name, props.bare ?? false);
    pending.current = next.cursor;
    props.onChange(next.text);
    setCursor(null);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      setCursor(field.current?.selectionStart ?? 0);
      setActive(0);
      return;
    }
    if (!open) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setActive((index) => (index + step + choices.length) % choices.length);
    else if (event.key === "Enter" || event.key === "Tab") choose(Math.min(active, choices.length - 1));
    else if (event.key === "Escape") setCursor(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const shared = {
    ref: field,
    id: props.id,
    value: props.value,
    "aria-label": props.label,
    "aria-invalid": props.invalid || undefined,
    "aria-describedby": props.describedBy,
    role: "combobox",
    "aria-autocomplete": "list" as const,
    "aria-expanded": open,
    "aria-controls": open ? list : undefined,
    "aria-activedescendant": open ? `${list}-${active}` : undefined,
    placeholder: props.placeholder,
    spellCheck: !props.code && !props.bare,
    autoComplete: "off",
    className: `ed-input${props.code || props.bare ? " ed-code" : ""}`,
    onKeyDown,
    onBlur: () => {
      setCursor(null);
      props.onBlur?.();
    },
    onChange: (event: { target: { value: string; selectionStart: number | null } }) => {
      props.onChange(event.target.value);
      setCursor(event.target.selectionStart);
      setActive(0);
    },
  };
  return (
    <div className="ed-complete">
      {props.multiline ? <textarea rows={3} {...shared} /> : <input type="text" {...shared} />}
      {open && (
        <ul className="ed-choices" id={list} role="listbox" aria-label={t("names")}>
          {choices.map((choice, index) => (
            <li
              key={choice.name} id={`${list}-${index}`} role="option" aria-selected={index === active}
              onMouseDown={(event) => {
                event.preventDefault();
                choose(index);
              }}
            >
              <code>{choice.name}</code>
              <small>{choice.example !== undefined ? short(choice.example, 36) : originText(choice.origin)}</small>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function originText(origin: string): string {
  const [what, id] = origin.split(":", 2);
  return what === "node" ? t("origin_node", { node: id ?? "" }) : t(`origin_${what}`);
}
