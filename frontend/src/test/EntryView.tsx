import { useState } from "react";
import type { KeyboardEvent } from "react";
import type { Json, TraceEntry } from "../model/types";
import { isObject } from "../model/scope";
import { IconButton } from "../page/Icon";
import { t } from "../page/texts";
import { JsonView } from "./JsonView";

const TABS = ["data", "input", "meta"] as const;

/** What one step got and gave in the last test. */
export function EntryView(props: { entry: TraceEntry; title: string; pinned: boolean; onPin: (() => void) | null }) {
  const { entry } = props;
  const [tab, setTab] = useState<(typeof TABS)[number]>("data");
  const values: Record<(typeof TABS)[number], Json | undefined> = {
    data: entry.output, input: entry.input, meta: entry.meta ?? metaOf(entry),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] ?? "data";
    setTab(next);
    document.getElementById(`ed-tab-${next}`)?.focus();
  };
  return (
    <div className="ed-entry">
      <header>
        <h4>{props.title}</h4>
        <span className={`ed-chip ed-chip-${entry.state}`}>{t(`state_${entry.state}`)}</span>
        <small>{t("milliseconds", { count: Math.round(entry.duration_ms * 10) / 10 })}</small>
        {props.onPin && (
          <IconButton
            icon={props.pinned ? "keep_off" : "keep"} label={props.pinned ? t("unpin") : t("pin")} pressed={props.pinned}
            onClick={props.onPin}
          />
        )}
      </header>
      {entry.error !== null && entry.error !== undefined && <p className="ed-failure">{errorText(entry.error)}</p>}
      <div role="tablist" aria-label={props.title} className="ed-tabs" onKeyDown={onKeyDown}>
        {TABS.map((name) => (
          <button
            key={name} type="button" role="tab" id={`ed-tab-${name}`} aria-selected={tab === name} tabIndex={tab === name ? 0 : -1}
            aria-controls="ed-tab-panel" onClick={() => setTab(name)}
          >
            {t(`tab_${name}`)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="ed-tab-panel" aria-labelledby={`ed-tab-${tab}`}>
        <JsonView value={values[tab]} label={t(`tab_${tab}`)} />
      </div>
    </div>
  );
}

/** What the trace tells beside the data, for steps that have nothing of their own to tell. */
function metaOf(entry: TraceEntry): Json {
  return { state: entry.state, branch: entry.branch, started_ms: entry.started_ms, duration_ms: entry.duration_ms };
}

export function errorText(error: Json): string {
  if (isObject(error)) return String(error.message ?? error.code ?? JSON.stringify(error));
  return String(error);
}
