/** The small cameras of students, which teachers alone see: each is asked for only while its tile is in sight. */

import { find, initials, setText } from "../../lib/dom.js";
import { NO_LAYER } from "../state.js";
import { isHeard, othersTurns, slotOf } from "../state/floor.js";

/**
 * @typedef {import("../state.js").RoomState} RoomState
 * @typedef {import("../state/floor.js").Turn} Turn
 */

/** @type {Map<number, HTMLElement>} by place */ const tiles = new Map();

/**
 * Keeps the gallery.
 * @param {import("../state.js").Store} store
 * @param {(slot: string, video: HTMLVideoElement) => void} show puts a slot's picture into an element
 */
export function startGallery(store, show) {
  const observer = new IntersectionObserver((entries) => {
    const fits = entries.map(({ target, isIntersecting }) => [videoOf(target).dataset.slot, isIntersecting ? 0 : NO_LAYER]);
    store.patch({ fits: { ...store.state.fits, ...Object.fromEntries(fits) } });
  });
  store.watch((state, previous) => {
    if (state.floor === previous.floor && state.lesson === previous.lesson && state.settings === previous.settings && state !== previous) return;
    const turns = othersTurns(state).filter(({ kind }) => kind === "gallery");
    find("#gallery-part").hidden = !turns.length;
    for (const [place, tile] of tiles) {
      if (turns.some((turn) => turn.place === place)) continue;
      observer.unobserve(tile);
      tiles.delete(place);
      tile.remove();
    }
    for (const turn of turns) fill(tileAt(turn, observer, show), turn, isHeard(state));
  });
}

/** @param {Turn} turn @param {IntersectionObserver} observer @param {(slot: string, video: HTMLVideoElement) => void} show */
function tileAt(turn, observer, show) {
  const known = tiles.get(turn.place);
  const slot = slotOf(turn, "camera");
  if (known) {
    show(slot, videoOf(known));
    return known;
  }
  const template = /** @type {HTMLTemplateElement} */ (find("#gallery-template"));
  const tile = find("li", /** @type {DocumentFragment} */ (template.content.cloneNode(true)));
  const next = [...tiles].filter(([place]) => place > turn.place).sort(([a], [b]) => a - b)[0];
  find("#gallery").insertBefore(tile, next?.[1] ?? null);
  tiles.set(turn.place, tile);
  show(slot, videoOf(tile));
  observer.observe(tile);
  return tile;
}

/** @param {HTMLElement} tile @param {Turn} turn @param {boolean} isSupervised */
function fill(tile, turn, isSupervised) {
  tile.dataset.person = turn.person;
  tile.dataset.camera = isSupervised && turn.sources.includes("camera") ? "on" : "off";
  videoOf(tile).setAttribute("aria-label", turn.name);
  setText(find(".gallery__initials", tile), initials(turn.name));
  setText(find(".gallery__name", tile), turn.name);
}

/** @param {Element} tile */
function videoOf(tile) {
  return /** @type {HTMLVideoElement} */ (find("video", tile));
}
