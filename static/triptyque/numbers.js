/* Numbers of transfers: shows the part of an address that its type needs, and takes the country from a pasted number. */
"use strict";

function showPart(address) {
  const type = address.querySelector("[data-address-type]").value;
  address.querySelectorAll("[data-address-of]").forEach((part) => {
    part.hidden = part.dataset.addressOf !== type;
  });
}

function readCountry(input) {
  const text = input.value.replace(/[\s().\-]/g, "").replace(/^00/, "+");
  const region = input.closest("[data-address]").querySelector("[data-address-region]");
  if (!text.startsWith("+")) return;
  const fits = [...region.options].filter((option) => option.dataset.dial && text.slice(1).startsWith(option.dataset.dial));
  if (!fits.length || fits.includes(region.selectedOptions[0])) return;
  (fits.find((option) => option.dataset.main !== undefined) || fits[0]).selected = true;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-address-type]")) showPart(event.target.closest("[data-address]"));
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-address-number]")) readCountry(event.target);
});
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-address]").forEach(showPart);
  new MutationObserver((changes) => {
    changes.forEach((change) => change.addedNodes.forEach((node) => {
      if (node.nodeType === 1) node.querySelectorAll("[data-address]").forEach(showPart);
    }));
  }).observe(document.body, { childList: true, subtree: true });
});
