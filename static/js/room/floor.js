/** The floor: raising a hand and speaking for students; queue, muting and the gallery for teachers; tiles for all. */

import { find } from "../lib/dom.js";
import { bindMenu } from "../lib/menu.js";
import { text } from "../lib/texts.js";
import { startGallery } from "./floor/gallery.js";
import { offeredKind, ownTurn, showOwnPlace, startOwn } from "./floor/own.js";
import { startQueue } from "./floor/queue.js";
import { Sending } from "./floor/sending.js";
import { Tiles } from "./floor/tiles.js";
import { mine, placeInQueue, speakingTurn, waitsOutside } from "./state/floor.js";

/**
 * @typedef {import("./state.js").RoomState} RoomState
 * @typedef {object} Parts
 * @property {import("./state.js").Store} store
 * @property {import("./session.js").Session} session
 * @property {(sentence: string) => void} notice
 * @property {(sentence: string) => void} say
 * @property {import("./roster.js").People} people
 * @property {import("./publication.js").Publication} publication
 * @property {import("./devices.js").Devices} devices
 * @property {(source: string, error: unknown) => string} problem
 * @property {(error: unknown) => void} complain
 */

const WORDS = ["question", "answer", "cant_hear", "screen"];

/** @type {Tiles | undefined} */ let tiles;

/**
 * Has a place for a track of the relay, if it is one of the floor's; its element carries the slot's name.
 * @param {string} slot
 * @param {MediaStreamTrack} track
 */
export function takeTrack(slot, track) {
  tiles?.take(slot, track);
}

/** Starts the floor; returns what its buttons do. @param {Parts} parts @returns {Record<string, () => unknown>} */
export function startFloor(parts) {
  tiles = new Tiles(parts.store);
  if (parts.store.state.mayPublish) {
    startGallery(parts.store, (slot, element) => tiles?.show(slot, element));
    startBeside(parts.store);
    return startQueue(parts);
  }
  return startStudent(parts);
}

/** Staff beside the stage's holder: their own place, and the button that takes one. @param {import("./state.js").Store} store */
function startBeside(store) {
  showOwnPlace(store);
  store.watch((state, previous) => {
    const turn = speakingTurn(state);
    find("#speak").hidden = Boolean(turn) || state.stage.holder?.id === state.myId;
    const hasBegun = Boolean(turn) !== Boolean(speakingTurn(previous));
    // The button that was pressed is gone: its opposite has the focus.
    const isLost = !document.activeElement?.checkVisibility() || document.activeElement === document.body;
    if (hasBegun && isLost) find(turn ? "#hand-back" : "#speak").focus();
  });
}

/** @param {Parts} parts */
function startStudent(parts) {
  const { store, session, say } = parts;
  const own = startOwn(parts);
  const sending = new Sending(parts, own.shown);
  const raise = (/** @type {string} */ word) => session.request("floor.raise", { word });
  const toggle = () => (placeInQueue(store.state) ? session.request("floor.lower") : raise(""));
  bindMenu(find("#hand-words-button"), find("#hand-words"));
  addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== "KeyH" || event.repeat) return;
    event.preventDefault();
    if (find("#hand").checkVisibility()) find("#hand").click();
  });
  store.watch((state, previous) => {
    hand(state);
    tellHand(state, previous, say);
    // Whoever comes to office hours comes to wait for their turn; after it they need not stay.
    const waits = (/** @type {RoomState} */ room) => waitsOutside(room) && room.joined && room.line === "open";
    const hasCome = waits(state) && !waits(previous) && !mine(previous, "floor");
    if (hasCome && !placeInQueue(state)) raise("").catch(() => {});
    followTurn(state, previous, parts);
  });
  return {
    hand: toggle,
    ...Object.fromEntries(WORDS.map((word) => [`hand_${word}`, () => raise(word)])),
    microphone: () => own.guarded("microphone", () => sending.toggle("microphone")),
    camera: () => own.guarded("camera", () => sending.toggle("camera")),
    gallery: () => own.guarded("camera", () => sending.toggleGallery()),
    floor_accept: () => own.accept(sending),
    floor_decline: () => own.decline(sending, offeredKind(store.state)),
    hand_back: () => {
      const turn = ownTurn(store.state);
      return turn && sending.giveBack(turn.kind);
    },
  };
}

/** @param {RoomState} state */
function hand(state) {
  const number = placeInQueue(state);
  find("#hand").setAttribute("aria-pressed", String(number > 0));
  find("#hand-text").textContent = number ? text("hand_up", { number }) : text("hand_raise");
  const gallery = find("#gallery-control");
  const { student_cameras, format } = state.settings;
  gallery.hidden = !(student_cameras && format === "lecture" && state.lesson?.phase === "live");
  gallery.setAttribute("aria-pressed", String(Boolean(mine(state, "gallery"))));
}

/** @param {RoomState} state @param {RoomState} previous @param {(sentence: string) => void} say */
function tellHand(state, previous, say) {
  const [now, before] = [placeInQueue(state), placeInQueue(previous)];
  if (now && !before) say(text("hand_heard", { number: now }));
  if (before && !now && !offeredKind(state)) say(text("hand_lowered"));
}

/** @param {RoomState} state @param {RoomState} previous @param {Parts} parts */
function followTurn(state, previous, { notice }) {
  const [now, before] = [speakingTurn(state), speakingTurn(previous)];
  if (now?.is_muted && before && !before.is_muted) notice(text("you_were_muted"));
  if (before?.kind === "floor" && !now && state.lesson?.phase === "live") notice(text("floor_over"));
}
