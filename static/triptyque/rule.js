/* The rule of an after-action in words, as its boxes are ticked. The sentences come from the page, in its language. */
(() => {
  "use strict";

  const filled = (pattern, values) => pattern.replace(/%\((\w+)\)s/g, (_all, name) => values[name]);

  const joined = (pattern, texts) => texts.reduce((first, last) => filled(pattern, { first, last }));

  const inWords = (phrases, chosen, match) => {
    if (!chosen.length) return phrases.always;
    const byClassifier = new Map();
    for (const [classifier, label] of chosen.sort()) {
      byClassifier.set(classifier, [...(byClassifier.get(classifier) ?? []), label]);
    }
    const sentences = [...byClassifier].map(([classifier, labels]) =>
      filled(phrases.is, { classifier, labels: joined(phrases.alternative, labels) }));
    return filled(phrases.only, { rule: joined(match === "any" ? phrases.any : phrases.all, sentences) });
  };

  document.addEventListener("DOMContentLoaded", () => {
    const shown = document.querySelector("[data-rule]");
    const form = shown?.closest("form");
    if (!form?.querySelector("[name=labels]")) return;
    const labels = JSON.parse(shown.dataset.labels);
    const phrases = JSON.parse(shown.dataset.phrases);
    const update = () => {
      const ticked = [...form.querySelectorAll("[name=labels]:checked")].map((box) => labels[box.value]);
      shown.textContent = inWords(phrases, ticked, form.querySelector("[name=labels_match]").value);
    };
    form.addEventListener("change", (event) => {
      if (event.target.matches("[name=labels], [name=labels_match]")) update();
    });
    update();
  });
})();
