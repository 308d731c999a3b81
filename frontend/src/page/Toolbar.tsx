import type { Moment } from "../model/types";
import { Icon, IconButton } from "./Icon";
import type { SaveState } from "./useSaving";
import { t } from "./texts";

interface Props {
  moment: Moment;
  setMoment: (moment: Moment) => void;
  canUndo: boolean;
  canRedo: boolean;
  onUndo: () => void;
  onRedo: () => void;
  onArrange: () => void;
  onFit: () => void;
  errorCount: number;
  showErrors: boolean;
  onErrors: () => void;
  showTest: boolean;
  onTest: () => void;
  wide: boolean;
  onWide: () => void;
  dirty: boolean;
  state: SaveState;
  onSave: () => void;
}

const MOMENTS: Moment[] = ["", "before", "during", "after"];

export function Toolbar(props: Props) {
  return (
    <div className="ed-toolbar" role="toolbar" aria-label={t("toolbar")}>
      <label className="ed-moment">
        <span>{t("moment")}</span>
        <select
          className="ed-input" value={props.moment}
          onChange={(event) => props.setMoment(event.target.value as Moment)}
        >
          {MOMENTS.map((moment) => (
            <option key={moment} value={moment}>
              {t(`moment_${moment || "any"}`)}
            </option>
          ))}
        </select>
      </label>
      <span className="ed-group">
        <IconButton icon="undo" label={t("undo")} shortcut="Ctrl+Z" disabled={!props.canUndo} onClick={props.onUndo} />
        <IconButton icon="redo" label={t("redo")} shortcut="Ctrl+Shift+Z" disabled={!props.canRedo} onClick={props.onRedo} />
        <IconButton icon="auto_awesome_mosaic" label={t("arrange")} onClick={props.onArrange} />
        <IconButton icon="fit_screen" label={t("fit")} onClick={props.onFit} />
        <IconButton icon={props.wide ? "fullscreen_exit" : "fullscreen"} label={t("wide")} pressed={props.wide} onClick={props.onWide} />
      </span>
      <button
        type="button" className={`ed-button ed-errors-button${props.errorCount ? " ed-has-errors" : ""}`}
        aria-expanded={props.showErrors} onClick={props.onErrors}
      >
        <Icon name={props.errorCount ? "error" : "check_circle"} />
        {props.errorCount ? t("errors_count", { count: props.errorCount }) : t("no_errors_short")}
      </button>
      <span className="ed-save">
        <span className={`ed-save-state ed-save-${props.state.look}`} role="status">
          {props.dirty && props.state.look !== "failed" && props.state.look !== "saving"
            ? t("unsaved")
            : props.state.message}
        </span>
        <button type="button" className="ed-button" aria-expanded={props.showTest} onClick={props.onTest}>
          <Icon name="science" /> {t("test")}
        </button>
        <button
          type="button" className="ed-button ed-primary" title="Ctrl+S" disabled={props.state.look === "saving"}
          onClick={props.onSave}
        >
          <Icon name="save" /> {t("save")}
        </button>
      </span>
    </div>
  );
}
