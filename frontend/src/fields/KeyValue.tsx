import { useContext, useEffect, useRef, useState } from "react";
import type { Json, JsonObject } from "../model/types";
import { NodeContext, useEditor } from "../page/context";
import { t } from "../page/texts";
import type { WidgetProps } from "./Field";
import { Errors } from "./errors";
import { Rows } from "./rows";
import { TemplateInput } from "./TemplateInput";
import { textOf, valueOf } from "./values";

type Pair = [name: string, text: string];

/** An object as rows of a name and a value. `typed`: `true` and `3` are no texts. */
export function KeyValue({ form, value, onChange, typed }: WidgetProps & { typed: boolean }) {
  const read = (object: Json | undefined): Pair[] =>
    Object.entries((object ?? {}) as JsonObject).map(([name, item]) => [
      name, typed || typeof item !== "string" ? textOf(item) : item,
    ]);
  const [pairs, setPairs] = useState<Pair[]>(() => read(value));
  const { setDraft } = useEditor();
  const key = `${useContext(NodeContext)}:${form.name}`;
  const sent = useRef(JSON.stringify(value ?? {}));

  useEffect(() => {
    const current = JSON.stringify(value ?? {});
    if (current !== sent.current) {
      sent.current = current;
      setPairs(read(value));
    }
  });

  const change = (next: Pair[]) => {
    setPairs(next);
    const named = next.filter(([name]) => name.trim());
    const object = Object.fromEntries(named.map(([name, text]) => [name.trim(), typed ? valueOf(text) : text]));
    sent.current = JSON.stringify(object);
    const twice = named.find(([name], index) => named.findIndex(([other]) => other.trim() === name.trim()) !== index);
    setDraft(key, twice ? { text: "", message: t("twice", { name: twice[0] }) } : null);
    onChange(object);
  };
  return (
    <Rows
      rows={pairs} onChange={change} make={(): Pair => ["", ""]} addLabel={t("add_row")}
      label={([name]) => name || t("name")}
    >
      {([name, text], set) => (
        <>
          <div className="ed-pair">
            <input
              className="ed-input ed-code" value={name} aria-label={t("name")} placeholder={t("name")} spellCheck={false}
              onChange={(event) => set([event.target.value, text])}
            />
            <TemplateInput
              label={`${t("value")} ${name}`} placeholder={t("value")} value={text} onChange={(next) => set([name, next])}
            />
          </div>
          {name && <Errors path={`${form.name}.${name}`} deep />}
        </>
      )}
    </Rows>
  );
}
