/** What lies on the stage: which surfaces there are, which of them is large; nothing but the state decides. */

import { view } from "../state.js";
import { guestScreen, speakers } from "./floor.js";

/**
 * @typedef {import("../state.js").RoomState} RoomState
 * @typedef {"screen" | "video" | "slides" | "board" | "camera" | "floor"} Surface
 * @typedef {{main: Surface, strip: Surface[], person: string, isForAll: boolean}} Layout
 *   `strip` holds the small ones in their order; `person` is who is to be large on `main`, or empty; `isForAll` says
 *   that a teacher has chosen
 */

const PERSON = "person:";

/**
 * Which surfaces are there. A feature that opens one says so in its line.
 * @type {Record<Surface, (state: RoomState) => boolean>}
 */
const IS_OPEN = {
  screen: (state) => sources(state).includes("screen") || Boolean(guestScreen(state)),
  video: (state) => state.video !== null,
  slides: (state) => state.slides.shown !== null,
  board: (state) => state.board.isOpen,
  camera: () => true,
  floor: (state) => speakers(state).length > 0,
};

/** Returns where each surface is. @param {RoomState} state @returns {Layout} */
export function layout(state) {
  const open = view(state) === "preview" ? /** @type {Surface[]} */ (["camera"]) : inOrder(state);
  const chosen = named(state, state.settings.main);
  const isForAll = open.includes(/** @type {Surface} */ (chosen.main));
  const wanted = isForAll ? chosen : named(state, state.pin);
  const main = open.find((surface) => surface === wanted.main) ?? open[0];
  const person = main === wanted.main ? wanted.person : "";
  return { main, strip: open.filter((surface) => surface !== main), person, isForAll };
}

/** The surfaces that are there, the most natural main one first. @param {RoomState} state @returns {Surface[]} */
function inOrder(state) {
  const isRound = state.settings.format !== "lecture" || !sources(state).includes("camera");
  const people = /** @type {Surface[]} */ (isRound ? ["floor", "camera"] : ["camera", "floor"]);
  const order = /** @type {Surface[]} */ (["screen", "video", "slides", "board", ...people]);
  return order.filter((surface) => IS_OPEN[surface](state));
}

/**
 * A person is on the camera's surface if they hold the stage, else on the floor's.
 * @param {RoomState} state
 * @param {string} choice a surface, `person:<id>` or empty
 */
function named(state, choice) {
  if (!choice.startsWith(PERSON)) return { main: choice, person: "" };
  const person = choice.slice(PERSON.length);
  return { main: person === state.stage.holder?.id ? "camera" : "floor", person };
}

/** The stage's sources as this page shows them: its own where it is the one that sends. @param {RoomState} state */
export function sources(state) {
  return ["preview", "onstage"].includes(view(state)) ? state.mySources : state.stage.sources;
}
