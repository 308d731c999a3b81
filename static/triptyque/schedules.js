/* The regions of a schedule's form: only those of the country that is chosen. Without this, all are shown. */
(() => {
  "use strict";

  const start = () => {
    const country = document.getElementById("id_holiday_country");
    const region = document.getElementById("id_holiday_region");
    if (!country || !region) return;
    const groups = [...region.querySelectorAll("optgroup")];

    const show = () => {
      const prefix = `${country.value}-`;
      for (const group of groups) group.remove();
      const own = groups.find((group) => country.value && group.firstElementChild.value.startsWith(prefix));
      if (own) region.append(own);
      if (!region.value.startsWith(prefix)) region.value = "";
      region.disabled = !own;
    };

    const chosen = region.value;
    country.addEventListener("change", show);
    show();
    region.value = region.querySelector(`option[value="${CSS.escape(chosen)}"]`) ? chosen : "";
  };

  document.addEventListener("DOMContentLoaded", start);
})();
