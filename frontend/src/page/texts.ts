/** Texts come from Django's catalogue, in the language of the page (workflows/editor_texts.py). */
let texts: Record<string, string> = {};

export function setTexts(catalogue: Record<string, string>): void {
  texts = catalogue;
}

/** The text of `key`, with `{name}` replaced. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
