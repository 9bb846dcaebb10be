/**
 * Raised hands, and who sends from which place beside the stage's holder.
 *
 * @typedef {import("../state.js").RoomState} RoomState
 * @typedef {"floor" | "seat" | "screen" | "staff_screen" | "gallery"} Kind
 * @typedef {{id: string, name: string, word: string, since: string}} Hand
 * @typedef {object} Turn
 * @property {string} person
 * @property {string} name
 * @property {Kind} kind
 * @property {number} place
 * @property {string[]} sources what its page sends
 * @property {boolean} is_accepted
 * @property {boolean} is_muted by a teacher
 * @property {number | null} seconds how long it lasts
 * @property {string | null} until when it ends by itself
 * @property {string} client the page that sends
 * @typedef {object} Floor
 * @property {Hand[]} hands the first first
 * @property {Turn[]} turns
 * @property {string[]} notSpoken who of the hands has not had the floor this week; told to the staff alone
 */

import { now } from "../../lib/clock.js";

/** @type {Floor} */
export const initialFloor = { hands: [], turns: [], notSpoken: [] };

/** What may be sent from a place of each kind. @type {Record<Kind, string[]>} */
export const SOURCES_OF_KIND = {
  floor: ["microphone", "camera"],
  seat: ["microphone", "camera"],
  screen: ["screen", "screen_audio"],
  staff_screen: ["screen"],
  gallery: ["camera"],
};
const SPEAKING = ["floor", "seat"];
const FOR_STAFF = ["staff_screen", "gallery"];

/** @param {Floor} floor @param {{type: string, body: any}} message @returns {Floor} */
export function reduceFloor(floor, { type, body }) {
  switch (type) {
    case "room.snapshot":
      return body.floor ? { ...initialFloor, ...told(body.floor), notSpoken: body.floor.not_spoken ?? [] } : initialFloor;
    case "floor.changed":
      return { ...floor, ...told(body) };
    case "floor.not_spoken":
      return { ...floor, notSpoken: body.people };
    default:
      return floor;
  }
}

/** @param {{hands: Hand[], turns: Turn[]}} body */
function told({ hands, turns }) {
  return { hands, turns };
}

/** The slot that a source of a turn fills. @param {Turn} turn @param {string} source */
export function slotOf({ kind, place }, source) {
  const word = source.replace("_", "-");
  if (kind === "screen") return `floor-${word}`;
  return kind === "staff_screen" ? "staff-screen" : `${kind}-${place}-${word}`;
}

/** My turn of a kind. @param {RoomState} state @param {Kind} kind */
export function mine({ floor, myId }, kind) {
  return floor.turns.find((turn) => turn.person === myId && turn.kind === kind);
}

/** The turns from which this very page sends; who holds the stage sends from it alone. @param {RoomState} state @returns {Turn[]} */
export function sendingTurns({ floor, myId, client, lesson, stage, failure }) {
  if (failure || lesson?.phase !== "live" || stage.holder?.id === myId) return [];
  return floor.turns.filter((turn) => turn.person === myId && turn.is_accepted && turn.client === client);
}

/** The turn from which this very page speaks. @param {RoomState} state @returns {Turn | undefined} */
export function speakingTurn(state) {
  return sendingTurns(state).find(isSpeaking);
}

/** What I could take with this page: offered, or taken by another page of mine. @param {RoomState} state */
export function offer(state) {
  const { floor, myId, client, lesson } = state;
  if (lesson?.phase !== "live" || state.stage.holder?.id === myId) return undefined;
  return floor.turns.find(
    (turn) => turn.person === myId && turn.kind !== "gallery" && !(turn.is_accepted && turn.client === client),
  );
}

/** The turns of others in a kind of place that this page may see. @param {RoomState} state @returns {Turn[]} */
export function othersTurns({ floor, myId, role, lesson }) {
  if (lesson?.phase !== "live") return [];
  return floor.turns
    .filter((turn) => turn.person !== myId && (role !== "student" || !FOR_STAFF.includes(turn.kind)))
    .sort((a, b) => a.place - b.place);
}

/** Those who stand beside the stage: speakers, and everybody who has a seat. @param {RoomState} state */
export function speakers(state) {
  return othersTurns(state).filter(({ kind, is_accepted }) => kind === "seat" || (kind === "floor" && is_accepted));
}

/** Those who may be heard, for the staff's list: also those who have yet to accept. @param {RoomState} state */
export function givenTurns({ floor }) {
  return floor.turns.filter(({ kind }) => kind !== "gallery");
}

/** Somebody else's shared screen that this page sees, if any. @param {RoomState} state */
export function guestScreen(state) {
  return othersTurns(state).find(
    ({ kind, sources }) => ["screen", "staff_screen"].includes(kind) && sources.includes("screen") && isHeard(state),
  );
}

/** What students send is let through only while a teacher is there. @param {RoomState} state */
export function isHeard({ settings }) {
  return settings.is_supervised;
}

/** Whether a turn is one to speak from. @param {Turn} turn */
export function isSpeaking({ kind }) {
  return SPEAKING.includes(kind);
}

/** Whether I wait outside while somebody else is in the teacher's office. @param {RoomState} state */
export function waitsOutside(state) {
  return state.settings.format === "office_hours" && state.role === "student" && !mine(state, "floor");
}

/** My place in the queue, from 1; 0 without a hand up. @param {RoomState} state */
export function placeInQueue({ floor, myId }) {
  return floor.hands.findIndex((hand) => hand.id === myId) + 1;
}

/**
 * How many seconds of a turn are left; null where it has no end.
 * @param {Turn} turn
 * @param {number} [at] by the web tier's clock
 */
export function secondsLeft({ until }, at = now()) {
  return until ? Math.max(0, (Date.parse(until) - at) / 1000) : null;
}
