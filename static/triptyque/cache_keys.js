/* The key of a before-call cache: pick its paths from the payload of a past call. Without this, they are typed. */
(() => {
  "use strict";

  const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
  const MOST = 200;

  /** As short as can be: from, context.customer.id; where a name is unusual, JSONPath. */
  const written = (steps) => {
    if (steps.every((step) => typeof step === "number" || PLAIN.test(step))) {
      return steps.map((step, at) => (typeof step === "number" ? `[${step}]` : (at ? "." : "") + step)).join("");
    }
    return "$" + steps.map((step) => (typeof step === "string" && PLAIN.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`)).join("");
  };

  const leaves = (value, steps = []) => {
    if (value === null || typeof value !== "object") return [[steps, value]];
    const inner = Array.isArray(value) ? value.map((each, at) => [at, each]) : Object.entries(value);
    return inner.flatMap(([step, each]) => leaves(each, [...steps, step]));
  };

  const start = (root) => {
    const area = root.querySelector("textarea[name]");
    const pick = root.querySelector("[data-pick]");
    if (!area || area.readOnly || area.disabled) return;
    pick.hidden = false;
    const [samples, json, problem, list] = ["sample", "json", "problem", "paths"].map((name) => pick.querySelector(`[data-pick-${name}]`));

    const add = (path) => {
      const lines = area.value.split("\n").map((line) => line.trim()).filter(Boolean);
      area.value = (lines.includes(path) ? lines.filter((line) => line !== path) : [...lines, path]).join("\n");
      area.dispatchEvent(new Event("input", { bubbles: true }));
      mark();
    };

    const mark = () => {
      const lines = new Set(area.value.split("\n").map((line) => line.trim()));
      for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", lines.has(button.dataset.path));
    };

    const show = () => {
      list.replaceChildren();
      problem.hidden = true;
      if (!json.value.trim()) return;
      let payload;
      try {
        payload = JSON.parse(json.value);
      } catch {
        problem.hidden = false;
        return;
      }
      for (const [steps, value] of leaves(payload).slice(0, MOST)) {
        if (!steps.length) continue;
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.path = written(steps);
        const [path, example] = [document.createElement("code"), document.createElement("span")];
        path.textContent = button.dataset.path;
        example.textContent = JSON.stringify(value);
        button.append(path, example);
        button.addEventListener("click", () => add(button.dataset.path));
        const item = document.createElement("li");
        item.append(button);
        list.append(item);
      }
      mark();
    };

    pick.addEventListener("toggle", async () => {
      if (!pick.open || samples.dataset.loaded || !root.dataset.samples) return;
      samples.dataset.loaded = "1";
      const answer = await fetch(root.dataset.samples, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      for (const sample of await answer.json()) {
        const option = new Option(sample.title, JSON.stringify(sample.payload, null, 2));
        samples.add(option);
      }
      if (samples.options.length > 1) {
        samples.selectedIndex = 1;
        json.value = samples.value;
        show();
      }
    });
    samples.addEventListener("change", () => { json.value = samples.value; show(); });
    json.addEventListener("input", show);
    area.addEventListener("input", mark);
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-cache-keys]").forEach(start));
})();
