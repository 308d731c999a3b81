/* The few things that pages of ours do by themselves. No inline script: the content policy forbids it. */
(() => {
  "use strict";

  /** Copy the text of the element whose id is in data-copy; where the clipboard is closed, select it. */
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.querySelector("[data-copy-label]").textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(source);
    }
  };

  /** The fields of a new row are numbered behind those that the page came with. */
  let added = 10000;

  const addRow = (button) => {
    const rows = button.closest("[data-rows]");
    const list = rows.querySelector("[data-rows-list]");
    list.append(rows.querySelector("template").content.cloneNode(true));
    added += 1;
    for (const field of list.lastElementChild.querySelectorAll("[name*='-new-']")) {
      field.name = field.name.replace("-new-", `-${added}-`);
    }
    list.lastElementChild.querySelector("input, select").focus();
  };

  const removeRow = (button) => {
    const row = button.closest("[data-row]");
    const form = row.closest("form");
    row.remove();
    form?.querySelector("input[name=csrfmiddlewaretoken]")?.dispatchEvent(new Event("input", { bubbles: true }));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-rows-add], [data-rows-remove]");
    if (button?.matches("[data-copy]")) copy(button);
    if (button?.matches("[data-rows-add]")) addRow(button);
    if (button?.matches("[data-rows-remove]")) removeRow(button);
    for (const open of document.querySelectorAll("details[data-closes-outside][open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  /** A link may lead to one field (#id_subject) or one run (#run-…): show it, open it, put the cursor there. */
  const goToHash = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.matches("details")) target.open = true;
    target.scrollIntoView({ block: "center" });
    if (target.matches("[id^=id_], [id$=-group]")) {
      (target.closest(".field-line") ?? target).classList.add("tq-target");
      target.focus({ preventScroll: true });
    }
  };

  document.addEventListener("DOMContentLoaded", () => setTimeout(goToHash, 0));
  addEventListener("hashchange", goToHash);
})();

/* The theme looks for a text beside each file input, and fails at plain ones. */
document.addEventListener("change", (event) => {
  if (event.target instanceof Element && event.target.matches("input.tq-files")) event.stopPropagation();
}, true);
