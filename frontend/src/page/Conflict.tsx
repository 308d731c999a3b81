import { useEffect, useRef } from "react";
import { Icon } from "./Icon";
import { t } from "./texts";

export interface ConflictFacts {
  by: string;
  at: string;
  version: number | undefined;
}

/** Somebody else has saved in the meantime: nothing is lost, whatever is chosen. */
export function Conflict(props: {
  facts: ConflictFacts; onOverwrite: () => void; onLoadTheirs: () => void; onDownload: () => void; onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { by, at } = props.facts;
  const when = at ? new Date(at).toLocaleString(document.documentElement.lang) : "";
  return (
    <dialog ref={dialog} className="ed-dialog" aria-labelledby="ed-conflict-title" onClose={props.onClose}>
      <h3 id="ed-conflict-title">{t("conflict_title")}</h3>
      <p>{by ? t("conflict_by", { by, at: when }) : t("conflict_at", { at: when })}</p>
      <p>{t("conflict_help")}</p>
      <div className="ed-dialog-choices">
        <button type="button" className="ed-button" onClick={props.onDownload}>
          <Icon name="download" /> {t("keep_copy")}
        </button>
        <button type="button" className="ed-button" onClick={props.onLoadTheirs}>
          <Icon name="sync" /> {t("load_theirs")}
        </button>
        <button type="button" className="ed-button ed-danger" onClick={props.onOverwrite}>
          <Icon name="publish" /> {t("overwrite")}
        </button>
        <button type="button" className="ed-button" onClick={() => dialog.current?.close()}>
          {t("go_on_editing")}
        </button>
      </div>
    </dialog>
  );
}

export function download(name: string, value: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name || "workflow"}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
