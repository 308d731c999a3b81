/* Progress of documents: the list, or the whole page, is fetched again while something is under way. */
(() => {
  "use strict";

  const EVERY_MS = 1000;

  const follow = async (list) => {
    while (list.querySelector("[data-pending]")) {
      await new Promise((done) => setTimeout(done, EVERY_MS));
      if (document.hidden) continue;
      try {
        const answer = await fetch(list.dataset.poll, { headers: { "X-Requested-With": "fetch" } });
        if (answer.redirected) return;
        if (answer.ok) list.innerHTML = await answer.text();
      } catch {
        // The network is away for a moment: the next attempt tells.
      }
    }
  };

  /** A page with a form is not replaced under somebody's hands. */
  const reloadWhileUntouched = () => {
    let touched = false;
    document.addEventListener("input", () => { touched = true; }, { once: true });
    setInterval(() => { if (!touched && !document.hidden) location.reload(); }, 2 * EVERY_MS);
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-poll]").forEach(follow);
    if (document.querySelector("[data-poll-reload]")) reloadWhileUntouched();
  });
})();
