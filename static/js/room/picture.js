/** How much of a picture the page has use for: the person's choice, the tiles' size, whether anybody looks. */

import { find } from "../lib/dom.js";
import { CAMERA_LINES, layerThatFits } from "../lib/fitting.js";
import { CHOICES, SLOT_OF_SOURCE } from "./state.js";

const REMEMBERED = "lectern.picture";
/** A window that is being resized settles first. */
const SETTLE_MS = 500;
/** Who looks at another tab for a moment comes back to a picture that has gone on. */
const AWAY_AFTER_MS = 10_000;
/** The screen has two layers, and letters in it: only a very small tile does with the lower one. */
const SCREEN_LINES = [270];

/** @typedef {import("./state.js").RoomState} RoomState */

/** Keeps the state in step with choice, size and sight. @param {import("./state.js").Store} store */
export function startPicture(store) {
  followChoice(store);
  followSize(store);
  followSight(store);
}

/** @param {import("./state.js").Store} store */
function followChoice(store) {
  const select = /** @type {HTMLSelectElement} */ (find("#picture"));
  const stored = localStorage.getItem(REMEMBERED) ?? "";
  select.value = stored in CHOICES ? stored : "automatic";
  const apply = () => {
    const choice = /** @type {RoomState["choice"]} */ (select.value);
    find("#picture-control").dataset.choice = choice;
    store.patch({ choice });
  };
  select.addEventListener("change", () => {
    localStorage.setItem(REMEMBERED, select.value);
    apply();
  });
  apply();
}

/** @param {import("./state.js").Store} store */
function followSize(store) {
  const tiles = [
    { slot: SLOT_OF_SOURCE.camera, video: slotVideo(SLOT_OF_SOURCE.camera), lines: CAMERA_LINES },
    { slot: SLOT_OF_SOURCE.screen, video: slotVideo(SLOT_OF_SOURCE.screen), lines: SCREEN_LINES },
  ];
  let timer = 0;
  const measure = () => {
    const fits = tiles.map(({ slot, video, lines }) => [slot, layerThatFits(video, lines)]);
    store.patch({ fits: { ...store.state.fits, ...Object.fromEntries(fits) } });
  };
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(measure, SETTLE_MS);
  });
  for (const { video } of tiles) observer.observe(video);
}

/** @param {string} slot */
function slotVideo(slot) {
  return /** @type {HTMLVideoElement} */ (find(`video[data-slot="${slot}"]`));
}

/** @param {import("./state.js").Store} store */
function followSight(store) {
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    const isSeen = !document.hidden || document.pictureInPictureElement;
    if (isSeen) store.patch({ isAway: false });
    else timer = setTimeout(() => store.patch({ isAway: true }), AWAY_AFTER_MS);
  };
  document.addEventListener("visibilitychange", look);
  for (const video of document.querySelectorAll("video[data-slot]")) {
    video.addEventListener("enterpictureinpicture", look);
    video.addEventListener("leavepictureinpicture", look);
  }
  look();
}
