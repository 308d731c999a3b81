/* How many segments a text message takes, while it is typed. The figures are those of notifications/sms/segments.py;
   a test compares the two. */
(() => {
  "use strict";

  const BASIC = new Set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
      "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
  );
  const EXTENDED = new Set("\f^{}\\[~]|€");
  const ALONE = { gsm: 160, unicode: 70 };
  const IN_PARTS = { gsm: 153, unicode: 67 };
  const PLAIN = new Map([
    ...[..."\u2018\u2019\u201a\u201b\u2032"].map((char) => [char, "'"]),
    ...[..."\u201c\u201d\u201e\u2033\u00ab\u00bb"].map((char) => [char, '"']),
    ...[..."\u00a0\u202f\u2009\u2002\u2003"].map((char) => [char, " "]),
    ...[..."\u2010\u2011\u2012\u2013\u2014\u2212\u2022"].map((char) => [char, "-"]),
    ["\u2026", "..."],
    ["\u200b", ""],
    ["\u00ad", ""],
  ]);

  const normalise = (text, plain) => {
    text = text.replace(/\r\n?/g, "\n");
    if (!plain) return text;
    text = text.replace(/\u00ab\u00a0/g, '"').replace(/\u00a0\u00bb/g, '"');
    text = text.replace(/\u00ab\u202f/g, '"').replace(/\u202f\u00bb/g, '"');
    text = text.replace(/\u00ab /g, '"').replace(/ \u00bb/g, '"');
    return [...text].map((char) => PLAIN.get(char) ?? char).join("");
  };

  const count = (text) => {
    const chars = [...text];
    const foreign = [...new Set(chars.filter((char) => !BASIC.has(char) && !EXTENDED.has(char)))];
    const encoding = foreign.length ? "unicode" : "gsm";
    const weights = chars.map((char) => (encoding === "gsm" ? (EXTENDED.has(char) ? 2 : 1) : char.length));
    const units = weights.reduce((sum, weight) => sum + weight, 0);
    if (units <= ALONE[encoding]) {
      return { encoding, segments: units ? 1 : 0, units, left: ALONE[encoding] - units, foreign };
    }
    const room = IN_PARTS[encoding];
    let segments = 1;
    let used = 0;
    for (const weight of weights) {
      if (used + weight > room) {
        segments += 1;
        used = 0;
      }
      used += weight;
    }
    return { encoding, segments, units, left: room - used, foreign };
  };

  /* What people see of a character that has no face. */
  const named = (char) =>
    /^[\s\p{C}\p{Z}]$/u.test(char) ? `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}` : char;

  const VARIABLES = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g;

  const watch = (panel) => {
    const text = document.getElementById("id_text");
    const plain = document.getElementById("id_plain");
    const most = document.getElementById("id_most_segments");
    if (!text) return;
    const words = JSON.parse(document.getElementById("sms-words").textContent);
    const [figures, notes] = panel.querySelectorAll("p");

    const show = () => {
      const fixed = text.value.replace(VARIABLES, "");
      const counted = count(normalise(fixed.trim(), plain?.checked));
      const fill = (sentence) => sentence.replace(/%(\w+)%/g, (_all, name) => counted[name]);
      figures.textContent = fill(words[counted.encoding]) + " · " + fill(counted.segments === 1 ? words.one : words.many);
      const said = [];
      if (counted.foreign.length) {
        const shown = counted.foreign.slice(0, 10).map(named);
        if (counted.foreign.length > 10) shown.push("…");
        said.push(`${words.foreign} ${shown.join(" ")}.`);
      }
      if (fixed !== text.value) said.push(words.variables);
      const over = most && Number(most.value) > 0 && counted.segments > Number(most.value);
      if (over) said.push(words.over);
      notes.textContent = said.join(" ");
      panel.classList.toggle("tq-sms-over", Boolean(over));
    };

    for (const field of [text, plain, most]) field?.addEventListener("input", show);
    text.closest("div").append(panel);
    panel.hidden = false;
    show();
  };

  if (typeof document !== "undefined") {
    document.addEventListener("DOMContentLoaded", () => {
      const panel = document.getElementById("sms-count");
      if (panel) watch(panel);
    });
  }
  globalThis.triptyqueSms = { count, normalise };
})();
