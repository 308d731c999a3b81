import { useEffect } from "react";

export interface Shortcuts {
  undo: () => void;
  redo: () => void;
  save: () => void;
  copy: () => string | null;
  paste: (text: string) => boolean;
}

/** Whether keys belong to the text that is being typed. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

/** Keys of the whole editor; text fields keep their own undo, copy and paste. */
export function useKeys(root: React.RefObject<HTMLElement | null>, shortcuts: Shortcuts): void {
  useEffect(() => {
    const inside = (event: Event) => {
      const target = event.target as Node | null;
      return target === document.body || (root.current?.contains(target) ?? false);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || !inside(event)) return;
      const key = event.key.toLowerCase();
      if (key === "s") shortcuts.save();
      else if (isTyping(event.target)) return;
      else if (key === "z") event.shiftKey ? shortcuts.redo() : shortcuts.undo();
      else if (key === "y") shortcuts.redo();
      else return;
      event.preventDefault();
    };
    const free = (event: ClipboardEvent) =>
      inside(event) && !isTyping(event.target) && (getSelection()?.isCollapsed ?? true) && event.clipboardData !== null;
    const onCopy = (event: ClipboardEvent) => {
      const text = free(event) ? shortcuts.copy() : null;
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    };
    const onPaste = (event: ClipboardEvent) => {
      if (free(event) && shortcuts.paste(event.clipboardData?.getData("text/plain") ?? "")) event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    document.addEventListener("copy", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  });
}
