/** The pictures: which tiles are seen, what stands in for a camera that is off, full screen. */

import { find, findOptional, initials, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { pause, SLOT_OF_SOURCE, view } from "./state.js";
import { sources } from "./state/layout.js";

/** @typedef {import("./state.js").RoomState} RoomState */

/** Shows the stage as the state says. @param {import("./state.js").Store} store */
export function startTiles(store) {
  find("[data-action='fullscreen']").hidden = !document.fullscreenEnabled;
  store.watch((state) => {
    const stage = find("#stage");
    const isMine = ["preview", "onstage"].includes(view(state));
    for (const source of ["camera", "screen", "microphone"])
      stage.dataset[source] = sources(state).includes(source) ? "on" : "off";
    stage.dataset.picture = isMine ? "local" : "remote";
    pauses(state, isMine);
    caption(state, isMine);
    signal(state, isMine);
  });
}

/** @param {RoomState} state @param {boolean} isMine */
function pauses(state, isMine) {
  for (const source of /** @type {const} */ (["camera", "screen"])) {
    const isShown = !isMine && state.stage.sources.includes(source);
    const reason = isShown ? pause(state, SLOT_OF_SOURCE[source]) : "";
    find("#stage").toggleAttribute(`data-${source}-paused`, Boolean(reason));
    if (reason)
      setText(find(`#${source}-paused-text`), text(reason === "link" ? "picture_paused" : "picture_sound"));
  }
}

/**
 * Says beside a small sign why the picture is worse than it could be.
 * @param {RoomState} state
 * @param {boolean} isMine
 */
function signal(state, isMine) {
  const key = isMine ? (state.isUplinkWeak ? "uplink_weak" : "") : lowness(state);
  find("#signal").hidden = !key;
  if (key) setText(find("#signal-text"), text(key));
}

/** @param {RoomState} state @param {boolean} isMine */
function caption(state, isMine) {
  const name = isMine ? text("you") : (state.stage.holder?.name ?? "");
  const me = state.people.find((person) => person.id === state.myId);
  setText(find("#camera-name"), name);
  setText(
    find("#camera-initials"),
    initials(isMine ? (me?.name ?? find("#room").dataset.myName ?? "") : name),
  );
  const isHere = isMine || state.people.some((person) => person.id === state.stage.holder?.id);
  setText(find("#camera-off-text"), text(isHere ? "camera_off" : "stage_empty"));
}

/** @param {RoomState} state @returns {string} the key of a sentence, or empty */
function lowness(state) {
  if (view(state) !== "watching" || state.link.limited !== "link") return "";
  const isPaused = Object.values(SLOT_OF_SOURCE).some((slot) => pause(state, slot) === "link");
  return isPaused ? "picture_paused" : "picture_low";
}

/**
 * Puts a track of the relay into its element; the last picture of an older one stays until then.
 * @param {string} slot
 * @param {MediaStreamTrack} track
 */
export function showSlot(slot, track) {
  const element = findOptional(`[data-slot="${slot}"]`);
  if (!(element instanceof HTMLMediaElement)) return;
  element.srcObject = new MediaStream([track]);
  if (element instanceof HTMLVideoElement) play(element);
}

/**
 * Shows the page's own picture; null takes it away.
 * @param {{source: string, track: MediaStreamTrack | null | undefined}} local
 */
export function showLocal({ source, track }) {
  const element = findOptional(`video[data-local="${source}"]`);
  if (!(element instanceof HTMLVideoElement)) return;
  element.srcObject = track ? new MediaStream([track]) : null;
  if (track) play(element);
}

/** Marks in the browser's performance timeline how soon after Join the first picture was shown. */
export function markFirstPicture() {
  performance.mark("lectern:join");
  for (const video of document.querySelectorAll("video[data-slot]")) {
    if (!(video instanceof HTMLVideoElement)) continue;
    video.requestVideoFrameCallback?.(() => performance.mark("lectern:first-picture"));
  }
}

/** Fills the screen with the room, whose connection and controls stay in sight, or goes back. */
export async function toggleFullScreen() {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await find("#room").requestFullscreen();
}

/** @param {HTMLVideoElement} video */
function play(video) {
  // A muted picture may always play; a refusal here is that of an element that got a newer stream meanwhile.
  video.play().catch(() => {});
}
