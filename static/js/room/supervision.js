/** While no teacher is connected: everyone reads so, and what students send, write and draw is visibly paused. */

import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { isPaused } from "./state/settings.js";

/** Parts of the page that mean sending, writing or drawing. */
const PAUSED = "[data-supervised]";

/**
 * Keeps the banner and those parts in step.
 * @param {import("./main.js").Parts} parts
 * @returns {import("./controls.js").Actions}
 */
export function startSupervision({ store }) {
  store.watch((state) => {
    const isOff = !state.settings.is_supervised && state.lesson?.phase === "live" && !state.failure;
    const banner = find("#supervision");
    banner.toggleAttribute("data-shown", isOff);
    setText(find("#supervision-text"), isOff ? text(state.mayPublish ? "unsupervised_staff" : "unsupervised") : "");
    const isPausedNow = isPaused(state);
    find("#room").toggleAttribute("data-paused", isPausedNow);
    for (const part of document.querySelectorAll(PAUSED)) part.toggleAttribute("inert", isPausedNow);
  });
  return {};
}
