import type { Json } from "../model/types";
import { t } from "../page/texts";

export function JsonView({ value, label }: { value: Json | undefined; label: string }) {
  if (value === undefined || value === null) return <p className="ed-help">{t("nothing_here")}</p>;
  return (
    <pre className="ed-json" tabIndex={0} aria-label={label}>
      {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
    </pre>
  );
}
