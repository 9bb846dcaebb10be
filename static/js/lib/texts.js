/** The page's translated sentences: `<template id="room-texts">` holds one `<p data-text="key">` each. */

/** @type {Map<string, string> | undefined} */
let sentences;

function load() {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("room-texts"));
  const entries = template?.content.querySelectorAll("[data-text]") ?? [];
  return new Map(
    [...entries].map((entry) => [entry.getAttribute("data-text") ?? "", entry.textContent ?? ""]),
  );
}

/**
 * Returns the sentence in the person's language, `{name}` replaced by the value of that name.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function text(key, values = {}) {
  sentences ??= load();
  const sentence = sentences.get(key) ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
