import { useContext, useEffect, useRef, useState } from "react";
import type { Json } from "../model/types";
import { NodeContext, useEditor } from "../page/context";
import { t } from "../page/texts";
import { TemplateInput } from "./TemplateInput";

function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string" && value.includes("{{")) return value;
  return JSON.stringify(value, null, 2);
}

/** JSON as text. What is no JSON yet is kept as a draft with its error, so that nothing typed is lost. */
export function JsonInput(props: {
  id?: string; label: string; path: string; value: Json | undefined; onChange: (value: Json | undefined) => void;
  invalid?: boolean; placeholder?: string; describedBy?: string;
}) {
  const { drafts, setDraft } = useEditor();
  const key = `${useContext(NodeContext)}:${props.path}`;
  const [text, setText] = useState(() => drafts.get(key)?.text ?? shown(props.value));
  const sent = useRef(JSON.stringify(props.value));

  useEffect(() => {
    const current = JSON.stringify(props.value);
    if (current !== sent.current) {
      sent.current = current;
      setText(shown(props.value));
    }
  }, [props.value]);

  const change = (next: string) => {
    setText(next);
    const trimmed = next.trim();
    let value: Json | undefined;
    try {
      if (trimmed.startsWith("{{")) value = next;
      else value = trimmed ? (JSON.parse(trimmed) as Json) : undefined;
    } catch (error) {
      setDraft(key, { text: next, message: t("not_json", { problem: (error as Error).message }) });
      return;
    }
    setDraft(key, null);
    sent.current = JSON.stringify(value);
    props.onChange(value);
  };
  return (
    <TemplateInput
      id={props.id} label={props.label} value={text} onChange={change} multiline code
      invalid={props.invalid || drafts.has(key)} placeholder={props.placeholder} describedBy={props.describedBy}
    />
  );
}
