/** The pictures: which tiles are seen, what stands in for a camera that is off, full screen. */

import { find, findOptional, initials, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { view } from "./state.js";

/** @typedef {import("./state.js").RoomState} RoomState */

/** Shows the stage as the state says. @param {import("./state.js").Store} store */
export function startTiles(store) {
  find("[data-action='fullscreen']").hidden = !document.fullscreenEnabled;
  store.watch((state) => {
    const stage = find("#stage");
    const isMine = ["preview", "onstage"].includes(view(state));
    const sources = isMine ? state.mySources : state.stage.sources;
    stage.dataset.camera = sources.includes("camera") ? "on" : "off";
    stage.dataset.screen = sources.includes("screen") ? "on" : "off";
    stage.dataset.microphone = sources.includes("microphone") ? "on" : "off";
    stage.dataset.picture = isMine ? "local" : "remote";
    caption(state, isMine);
  });
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
