import "@xyflow/react/dist/style.css";
import "./editor.css";
import { createRoot } from "react-dom/client";
import { readGraph } from "./model/graph";
import type { Moment } from "./model/types";
import { api, setApi } from "./page/api";
import { Editor } from "./page/Editor";
import { setTexts, t } from "./page/texts";

/** Take the place of the JSON field; where the server does not answer, leave it as it is. */
async function mount(place: HTMLElement): Promise<void> {
  const field = document.getElementById(place.dataset.field ?? "") as HTMLTextAreaElement | null;
  const catalogue = document.getElementById("workflow-editor-texts")?.textContent ?? "{}";
  if (!field) return;
  // The editor warns of unsaved changes itself; nor must the form ever post the text that it has replaced.
  field.form?.classList.remove("warn-unsaved-form");
  setTexts(JSON.parse(catalogue) as Record<string, string>);
  const token = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
  setApi(place.dataset.api ?? "/api/v1/", token);
  try {
    const id = place.dataset.workflow ?? "";
    const [kinds, loaded] = await Promise.all([api.kinds(), id ? api.workflow(id) : null]);
    const initial = readGraph(loaded ? loaded.graph : JSON.parse(field.value));
    field.closest(".workflow-graph")?.classList.add("workflow-graph-drawn");
    document.body.classList.add("workflow-editor-page");
    createRoot(place).render(
      <Editor
        kinds={kinds} initial={initial} loaded={loaded} moment={(place.dataset.moment ?? "") as Moment}
        run={place.dataset.run ?? ""} changeUrl={place.dataset.changeUrl ?? ""}
      />,
    );
  } catch (error) {
    place.textContent = t("editor_failed", { problem: (error as Error).message });
    place.classList.add("ed-failure");
  }
}

const place = document.getElementById("workflow-editor");
if (place) void mount(place);
