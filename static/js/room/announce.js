/**
 * What the page says: the connection in words, a short notice that can be read and heard, and live regions.
 */

import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { connectionState, pause, SLOT_OF_SOURCE, view } from "./state.js";

const NOTICE_MS = 8_000;
let noticeTimer = 0;

/**
 * Keeps the connection's words and the room's root in step with the state.
 * @param {import("./state.js").Store} store
 */
export function startAnnouncing(store) {
  const root = find("#room");
  store.watch((state, previous) => {
    const connection = connectionState(state);
    root.dataset.connectionState = connection;
    setText(find("#connection-text"), text(`connection_${connection}`));
    pictures(state, previous);
    const before = view(previous);
    const now = view(state);
    if (now === before) return;
    if (now === "watching" && before === "waiting") say(text("lesson_started"));
    if (now === "ended") say(text("lesson_ended"));
    if (now === "onstage") say(text("you_are_live"));
  });
}

/**
 * What a tile shows of a link is not heard by those who listen.
 * @param {import("./state.js").RoomState} state
 * @param {import("./state.js").RoomState} previous
 */
function pictures(state, previous) {
  const isPaused = (/** @type {import("./state.js").RoomState} */ room) =>
    [SLOT_OF_SOURCE.camera, SLOT_OF_SOURCE.screen].some((slot) => pause(room, slot) === "link");
  if (isPaused(state) && !isPaused(previous)) say(text("picture_paused"));
  if (state.isUplinkWeak && !previous.isUplinkWeak) notice(text("uplink_weak"));
}

/** Speaks a sentence to those who listen to the page. @param {string} sentence */
export function say(sentence) {
  setText(find("#announcer"), sentence);
}

/** Shows a sentence over the stage for a while. @param {string} sentence */
export function notice(sentence) {
  setText(find("#notice-text"), sentence);
  find("#notice").hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(hideNotice, NOTICE_MS);
}

/** Takes the notice away. */
export function hideNotice() {
  find("#notice").hidden = true;
}
