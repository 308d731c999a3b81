import { useEffect, useState } from "react";
import { nodeTitle } from "../canvas/describe";
import { JsonInput } from "../fields/JsonInput";
import type { GraphNode, JsonObject, Sample, TestResult } from "../model/types";
import { api } from "../page/api";
import { NodeContext, useEditor } from "../page/context";
import { Icon } from "../page/Icon";
import { t } from "../page/texts";
import { EntryView, errorText } from "./EntryView";
import { JsonView } from "./JsonView";
import { exampleData } from "./example";

interface Props {
  data: JsonObject;
  setData: (data: JsonObject) => void;
  result: TestResult | null;
  failure: string;
  running: boolean;
  selected: GraphNode | undefined;
  pinned: Set<string>;
  onPin: (node: string) => void;
  onRun: (options: { live: boolean; node?: string }) => void;
  onRerun: (() => void) | null;
}

/** Try the whole workflow, or one step, with sample data. */
export function TestPanel(props: Props) {
  const { kinds, moment } = useEditor();
  const [samples, setSamples] = useState<Sample[]>([]);
  const [live, setLive] = useState(true);
  const { result, selected } = props;
  useEffect(() => {
    api.samples(moment).then(setSamples, () => setSamples([]));
  }, [moment]);
  const entry = selected && result?.trace.find((other) => other.node === selected.id);
  const load = (choice: string) => {
    if (choice === "example") props.setData(exampleData(moment));
    const sample = samples.find((other) => other.call_id === choice);
    if (sample) props.setData(sample.data);
  };
  return (
    <div className="ed-test">
      <div className="ed-test-data">
        <div className="ed-test-bar">
          <label htmlFor="ed-sample">{t("test_data")}</label>
          <select id="ed-sample" className="ed-input" value="" onChange={(event) => load(event.target.value)}>
            <option value="">{t("load_sample")}</option>
            <option value="example">{t("example_call")}</option>
            {samples.map((sample) => (
              <option key={sample.call_id} value={sample.call_id}>
                {sample.title || sample.begun_at}
              </option>
            ))}
          </select>
        </div>
        <NodeContext value="test">
          <JsonInput
            path="data" label={t("test_data")} value={Object.keys(props.data).length ? props.data : undefined}
            onChange={(value) => props.setData((value ?? {}) as JsonObject)}
          />
        </NodeContext>
      </div>
      <div className="ed-test-result">
        <div className="ed-test-bar">
          <button type="button" className="ed-button ed-primary" disabled={props.running} onClick={() => props.onRun({ live })}>
            <Icon name="play_arrow" /> {t("run_all")}
          </button>
          {props.onRerun && (
            <button type="button" className="ed-button" disabled={props.running} onClick={props.onRerun}>
              <Icon name="replay" /> {t("rerun")}
            </button>
          )}
          {selected && (
            <button
              type="button" className="ed-button" disabled={props.running}
              onClick={() => props.onRun({ live: true, node: selected.id })}
            >
              <Icon name="send" /> {t("send_one", { step: nodeTitle(selected, kinds.get(selected.kind)) })}
            </button>
          )}
          <label className="ed-switch" title={t("live_help")}>
            <input type="checkbox" checked={live} onChange={(event) => setLive(event.target.checked)} />
            {t("live")}
          </label>
        </div>
        <div aria-live="polite" className="ed-test-outcome">
          {props.running && <p className="ed-help">{t("running")}</p>}
          {props.failure && <p className="ed-failure">{props.failure}</p>}
          {!props.running && result && <Outcome result={result} />}
        </div>
        {entry && selected ? (
          <EntryView
            entry={entry} title={nodeTitle(selected, kinds.get(selected.kind))} pinned={props.pinned.has(selected.id)}
            onPin={entry.output === null && !props.pinned.has(selected.id) ? null : () => props.onPin(selected.id)}
          />
        ) : (
          result && (
            <>
              <JsonView value={given(result)} label={t("given_back")} />
              <p className="ed-help">{t("click_step")}</p>
            </>
          )
        )}
        {!result && !props.failure && <p className="ed-help">{t("test_help")}</p>}
      </div>
    </div>
  );
}

function Outcome({ result }: { result: TestResult }) {
  const ran = result.trace.filter((entry) => entry.state !== "not_taken").length;
  return (
    <>
      <p className={result.state === "failed" ? "ed-failure" : "ed-success"} data-test-state={result.state}>
        <Icon name={result.state === "failed" ? "error" : "check_circle"} />
        {result.error ? errorText(result.error) : t("test_went", { count: ran })}
      </p>
      {result.warnings?.map((warning) => (
        <p key={warning} className="ed-warning">
          {warning}
        </p>
      ))}
    </>
  );
}

function given(result: TestResult): JsonObject {
  const { parameters, agent_configuration: agent, variables } = result;
  return {
    ...(parameters && Object.keys(parameters).length ? { parameters } : { variables }),
    ...(agent ? { agent_configuration: agent } : {}),
    ...(result.result ? { result: result.result } : {}),
  };
}
