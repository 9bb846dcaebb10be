/** Marks who is speaking, at their picture and in the list of people; nothing moves by it. */

import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { view } from "./state.js";

/** @typedef {import("./state.js").RoomState} RoomState */

/**
 * Keeps the marks in step: every element with `data-person-id` whose person speaks gets `data-speaking`.
 * @param {{store: import("./state.js").Store}} parts
 * @returns {Record<string, () => unknown>}
 */
export function startSpeakers({ store }) {
  store.watch((state, previous) => {
    // Elements of people who have just come, or have begun anew, have no mark yet.
    const isSame = /** @type {const} */ (["speakers", "people", "stage"]).every((part) => state[part] === previous[part]);
    if (!isSame || state.speakers.length) mark(state);
  });
  return {};
}

/** @param {RoomState} state */
function mark(state) {
  const speaking = new Set(state.speakers);
  const holder = ["preview", "onstage"].includes(view(state)) ? state.myId : state.stage.holder?.id;
  find("[data-surface='camera']").dataset.personId = holder ?? "";
  for (const element of document.querySelectorAll("[data-person-id]")) {
    const isSpeaking = speaking.has(/** @type {HTMLElement} */ (element).dataset.personId ?? "");
    element.toggleAttribute("data-speaking", isSpeaking);
    const word = element.querySelector(".person__speaking");
    if (word) setText(word, isSpeaking ? text("speaking") : "");
  }
}
