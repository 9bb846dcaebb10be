/** Buttons and shortcuts: each press is answered at once, and what failed is said. */

import { find, whileBusy } from "../lib/dom.js";
import { bindMenu } from "../lib/menu.js";

/** The key of a shortcut and the actions it stands for: the first whose button is seen. */
const SHORTCUTS = { m: ["microphone", "mute"], v: ["camera"], s: ["screen"], f: ["fullscreen"] };
const TYPING = "input:not([type=range]), select, textarea, [contenteditable]";

/** @typedef {Record<string, (button: HTMLElement) => unknown>} Actions what the buttons do, by `data-action` */

/**
 * Binds every `[data-action]` to the action of its name.
 * @param {import("./state.js").Store} store
 * @param {Actions} actions
 * @param {(error: unknown) => void} failed
 */
export function startControls(store, actions, failed) {
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-action]") : null;
    if (button instanceof HTMLElement) run(button, actions, failed);
  });
  document.addEventListener("keydown", (event) => shortcut(event));
  bindMenu(find("#more-button"), find("#more-menu"));
  document.addEventListener("fullscreenchange", () =>
    press("fullscreen", Boolean(document.fullscreenElement)),
  );
  store.watch(({ mySources }) => {
    for (const source of ["microphone", "camera", "screen"]) press(source, mySources.includes(source));
  });
}

/**
 * @param {HTMLElement} button
 * @param {Actions} actions
 * @param {(error: unknown) => void} failed
 */
async function run(button, actions, failed) {
  const action = actions[button.dataset.action ?? ""];
  if (!action) return;
  try {
    await whileBusy(button, async () => action(button));
  } catch (error) {
    failed(error);
  }
}

/** @param {string} action @param {boolean} isPressed */
function press(action, isPressed) {
  for (const button of buttonsOf(action)) {
    const isEntry = button.getAttribute("role") === "menuitemcheckbox";
    button.setAttribute(isEntry ? "aria-checked" : "aria-pressed", String(isPressed));
  }
}

/** @param {string} action @returns {HTMLElement[]} */
function buttonsOf(action) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-action="${action}"]`))];
}

/** @param {KeyboardEvent} event */
function shortcut(event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof Element && event.target.matches(TYPING)) return;
  const names = SHORTCUTS[/** @type {keyof typeof SHORTCUTS} */ (event.key.toLowerCase())] ?? [];
  names.flatMap(buttonsOf).find(isOffered)?.click();
}

/** Whether the page offers it now: to be seen, or an entry of the closed menu. @param {HTMLElement} button */
function isOffered(button) {
  return button.checkVisibility() || (!button.hidden && button.closest("[hidden]") === find("#more-menu"));
}
