/** The admin's form around the editor: its name and description belong to the workflow, too. */
import { useEffect, useState } from "react";

export interface FormFields {
  name: string;
  description: string;
}

const field = (name: string) => document.querySelector<HTMLInputElement | HTMLTextAreaElement>(`#id_${name}`);

export function readForm(): FormFields {
  return { name: field("name")?.value ?? "", description: field("description")?.value ?? "" };
}

export function writeForm(values: FormFields): void {
  for (const name of ["name", "description"] as const) {
    const element = field(name);
    if (element) element.value = values[name];
  }
}

export function focusName(): void {
  field("name")?.focus();
}

/** The fields as they are typed. */
export function useForm(): FormFields {
  const [values, setValues] = useState(readForm);
  useEffect(() => {
    const update = () => setValues(readForm());
    const elements = [field("name"), field("description")];
    for (const element of elements) element?.addEventListener("input", update);
    return () => {
      for (const element of elements) element?.removeEventListener("input", update);
    };
  }, []);
  return values;
}

/** Whether the admin shows its dark colours, as it changes. */
export function useDark(): boolean {
  const read = () => document.documentElement.classList.contains("dark");
  const [dark, setDark] = useState(read);
  useEffect(() => {
    const observer = new MutationObserver(() => setDark(read()));
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    return () => observer.disconnect();
  }, []);
  return dark;
}
