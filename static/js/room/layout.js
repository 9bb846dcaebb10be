/** Puts the stage's surfaces where the layout says; their elements stay the same, so that no picture begins anew. */

import { find } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { layout } from "./state/layout.js";

/**
 * @typedef {import("./state.js").RoomState} RoomState
 * @typedef {import("./state/layout.js").Surface} Surface
 */

/**
 * Keeps the surfaces in their places, and lets people choose what is large.
 * @param {{store: import("./state.js").Store, session: import("./session.js").Session, say: (sentence: string) => void}} parts
 * @returns {Record<string, (button: HTMLElement) => unknown>}
 */
export function startLayout({ store, session, say }) {
  for (const surface of surfaces()) surface.append(/** @type {HTMLTemplateElement} */ (find("#surface-tools")).content.cloneNode(true));
  let before = "";
  store.watch((state) => {
    const now = JSON.stringify([layout(state), state.pin, state.settings.main]);
    if (now === before) return;
    before = now;
    place(state);
  });
  return {
    pin: (button) => {
      const name = nameOf(button);
      store.patch({ pin: store.state.pin === name ? "" : name });
    },
    show_to_all: async (button) => {
      const main = store.state.settings.main === nameOf(button) ? "" : nameOf(button);
      await session.request("room.show", { main });
      say(text(main ? "shown_to_all" : "left_to_each"));
    },
    picture_in_picture: (button) => toggleWindow(surfaceOf(button)),
  };
}

/** @returns {HTMLElement[]} */
function surfaces() {
  return [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-surface]"))];
}

/** @param {HTMLElement} button */
function surfaceOf(button) {
  return /** @type {HTMLElement} */ (button.closest("[data-surface]"));
}

/** @param {HTMLElement} button @returns {Surface} */
function nameOf(button) {
  return /** @type {Surface} */ (surfaceOf(button).dataset.surface);
}

/** @param {RoomState} state */
function place(state) {
  const { main, strip, person, isForAll } = layout(state);
  const root = find("#surfaces");
  root.dataset.main = main;
  root.dataset.strip = String(strip.length);
  root.dataset.person = person;
  root.style.setProperty("--strip", String(strip.length));
  for (const surface of surfaces()) {
    const name = nameOf(surface);
    const index = strip.indexOf(name);
    surface.hidden = name !== main && index < 0;
    surface.dataset.place = name === main ? "main" : "strip";
    surface.style.setProperty("--index", String(index + 1));
    tools(surface, { isPinned: state.pin === name, isShown: state.settings.main === name, isAlone: !strip.length, isForAll });
  }
}

/**
 * Offers what can be done with a surface now: where a teacher has chosen, nobody pins anything for themselves.
 * @param {HTMLElement} surface
 * @param {{isPinned: boolean, isShown: boolean, isAlone: boolean, isForAll: boolean}} now
 */
function tools(surface, { isPinned, isShown, isAlone, isForAll }) {
  const isSmall = surface.dataset.place === "strip";
  const pin = find(".tool--pin", surface);
  pin.hidden = isForAll || !(isSmall || isPinned);
  pin.setAttribute("aria-pressed", String(isPinned));
  const show = surface.querySelector("[data-action='show_to_all']");
  show?.setAttribute("aria-pressed", String(isShown));
  show?.toggleAttribute("data-unneeded", isAlone && !isShown);
  find(".tool--window", surface).hidden = isSmall || !document.pictureInPictureEnabled || !surface.querySelector("video");
}

/** Shows a surface's picture in the one window that there is, or takes it back from there. @param {HTMLElement} surface */
async function toggleWindow(surface) {
  const videos = [...surface.querySelectorAll("video")];
  const video = videos.find((found) => found.checkVisibility({ visibilityProperty: true }) && found.readyState > 0);
  if (surface.contains(document.pictureInPictureElement)) await document.exitPictureInPicture();
  else await video?.requestPictureInPicture();
}
