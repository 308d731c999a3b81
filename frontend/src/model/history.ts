/** Undo and redo over any value; changes of one `mark` that follow each other closely are one step. */
export interface History<T> {
  past: T[];
  present: T;
  future: T[];
  mark: string;
  at: number;
}

export type HistoryAction<T> =
  | { type: "change"; change: (present: T) => T; mark?: string }
  | { type: "undo" }
  | { type: "redo" }
  | { type: "reset"; value: T };

const MOST_STEPS = 200;
const CLOSE_MS = 1000;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], mark: "", at: 0 };
}

export function reduce<T>(history: History<T>, action: HistoryAction<T>): History<T> {
  const { past, present, future } = history;
  switch (action.type) {
    case "change": {
      const next = action.change(present);
      if (next === present) return history;
      const mark = action.mark ?? "";
      const at = Date.now();
      const joins = mark !== "" && mark === history.mark && at - history.at < CLOSE_MS && past.length > 0;
      return { past: joins ? past : [...past, present].slice(-MOST_STEPS), present: next, future: [], mark, at };
    }
    case "undo": {
      const previous = past.at(-1);
      if (previous === undefined) return history;
      return { past: past.slice(0, -1), present: previous, future: [present, ...future], mark: "", at: 0 };
    }
    case "redo": {
      const next = future[0];
      if (next === undefined) return history;
      return { past: [...past, present], present: next, future: future.slice(1), mark: "", at: 0 };
    }
    case "reset":
      return begin(action.value);
  }
}
