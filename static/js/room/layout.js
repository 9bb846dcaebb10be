/** Puts the stage's surfaces where the layout says; their elements stay the same, so that no picture begins anew. */

import { find } from "../lib/dom.js";
import { layout } from "./state/layout.js";

/** Keeps the surfaces in their places. @param {import("./state.js").Store} store */
export function startLayout(store) {
  let before = "";
  store.watch((state) => {
    const places = layout(state);
    const now = JSON.stringify(places);
    if (now === before) return;
    before = now;
    place(places);
  });
}

/** @param {import("./state/layout.js").Layout} places */
function place({ main, strip, person }) {
  const surfaces = find("#surfaces");
  surfaces.dataset.main = main;
  surfaces.dataset.strip = String(strip.length);
  surfaces.dataset.person = person;
  surfaces.style.setProperty("--strip", String(strip.length));
  for (const surface of surfaces.querySelectorAll("[data-surface]")) {
    if (!(surface instanceof HTMLElement)) continue;
    const name = /** @type {import("./state/layout.js").Surface} */ (surface.dataset.surface);
    const index = strip.indexOf(name);
    surface.hidden = name !== main && index < 0;
    surface.dataset.place = name === main ? "main" : "strip";
    surface.style.setProperty("--index", String(index + 1));
  }
}
