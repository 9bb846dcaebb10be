/** A question with a few answers, in the page's one dialog: `<dialog id="ask">`. */

import { find, setText } from "./dom.js";

/** @typedef {{value: string, label: string, kind?: "primary" | "danger"}} Answer */

/**
 * Asks, and returns the value of the answer that was pressed; empty where the person thought better of it.
 * @param {{title: string, text?: string, answers: Answer[]}} question
 * @returns {Promise<string>}
 */
export function ask({ title, text = "", answers }) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#ask"));
  setText(find("#ask-title"), title);
  setText(find("#ask-text"), text);
  find("#ask-text").hidden = !text;
  find("#ask-answers").replaceChildren(...answers.map(button));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** @param {Answer} answer */
function button({ value, label, kind }) {
  const element = document.createElement("button");
  element.className = kind ? `button button--${kind}` : "button";
  element.value = value;
  element.textContent = label;
  return element;
}
