/** The teacher's side: who has a hand up, who has the floor, and what can be done about it. */

import { now } from "../../lib/clock.js";
import { find, setText, whileBusy } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";
import { givenTurns, isSpeaking, secondsLeft, speakers } from "../state/floor.js";

/**
 * @typedef {import("../state.js").RoomState} RoomState
 * @typedef {import("../state/floor.js").Hand} Hand
 * @typedef {import("../state/floor.js").Turn} Turn
 * @typedef {{store: import("../state.js").Store, session: import("../session.js").Session,
 *   notice: (sentence: string) => void, people: import("../roster.js").People,
 *   complain: (error: unknown) => void}} Parts
 */

const TICK_MS = 1_000;
/** @type {Map<string, HTMLElement>} by person */ const hands = new Map();
/** @type {Map<string, HTMLElement>} by person and kind */ const turns = new Map();

/** Shows the queue; returns what its buttons do. @param {Parts} parts @returns {Record<string, () => unknown>} */
export function startQueue({ store, session, notice, people, complain }) {
  addEntries(people, session);
  const part = find("#floor-queue");
  part.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-queue]") : null;
    if (button instanceof HTMLElement) whileBusy(button, () => act(button, session)).catch(complain);
  });
  const mayUnmute = /** @type {HTMLInputElement} */ (find("#may-unmute"));
  mayUnmute.addEventListener("change", () => {
    session.request("floor.set_may_unmute", { is_allowed: mayUnmute.checked }).catch(complain);
  });
  store.watch((state, previous) => {
    if (state.floor !== previous.floor || state.settings !== previous.settings || state === previous) render(state);
    announce(state, previous, store, notice);
  });
  setInterval(() => times(store.state), TICK_MS);
  return {
    floor_next: () => session.request("floor.next"),
    lower_all: () => session.request("floor.lower_all"),
    mute_all: () => session.request("floor.mute_all"),
  };
}

/**
 * A student may be called upon without a hand up.
 * @param {import("../roster.js").People} people @param {import("../session.js").Session} session
 */
function addEntries(people, session) {
  const has = (/** @type {RoomState} */ { floor }, /** @type {string} */ id, /** @type {string} */ kind) =>
    floor.turns.some((turn) => turn.person === id && turn.kind === kind);
  const isLive = (/** @type {RoomState} */ { lesson }) => lesson?.phase === "live";
  people.addEntry({
    name: "give_floor",
    isOffered: (state, { id, role }) =>
      isLive(state) && role === "student" && state.settings.format !== "seminar" && !has(state, id, "floor"),
    act: ({ id }) => session.request("floor.give", { person: id, kind: "floor", seconds: chosenSeconds() }),
  });
  for (const kind of ["screen", "staff_screen"]) {
    people.addEntry({
      name: `give_${kind}`,
      isOffered: (state, { id, role }) => isLive(state) && role === "student" && !has(state, id, kind),
      act: ({ id }) => session.request("floor.give", { person: id, kind, seconds: null }),
    });
  }
  people.addEntry({
    name: "floor_large",
    isOffered: (state, { id }) => speakers(state).some(({ person }) => person === id),
    act: ({ id }) => session.request("room.show", { main: `person:${id}` }),
  });
}

/** As long as the teacher has chosen; null for no limit. */
function chosenSeconds() {
  return Number(/** @type {HTMLSelectElement} */ (find("#floor-time")).value) || null;
}

/** @param {HTMLElement} button @param {import("../session.js").Session} session */
function act(button, session) {
  const entry = /** @type {HTMLElement} */ (button.closest("li"));
  const { person = "", kind = "" } = entry.dataset;
  switch (button.dataset.queue) {
    case "give":
      return session.request("floor.give", { person, kind: "floor", seconds: chosenSeconds() });
    case "screen":
    case "staff_screen":
      return session.request("floor.give", { person, kind: button.dataset.queue, seconds: null });
    case "lower":
      return session.request("floor.lower_for", { person });
    case "mute":
      return session.request(button.ariaPressed === "true" ? "floor.allow_unmute" : "floor.mute", { person });
    default:
      return session.request("floor.take_back", { person, kind });
  }
}

/** @param {RoomState} state */
function render(state) {
  const { floor, settings } = state;
  const given = givenTurns(state);
  setText(find("#queue-count"), String(floor.hands.length));
  find("#queue-empty").hidden = floor.hands.length > 0;
  find("#queue-all").hidden = !floor.hands.length;
  find("[data-action=floor_next]").hidden = settings.format !== "office_hours";
  find("#queue-turns-part").hidden = !given.length;
  /** @type {HTMLInputElement} */ (find("#may-unmute")).checked = settings.may_unmute;
  const handKeys = floor.hands.map((hand) => hand.id);
  arrange(find("#queue-hands"), hands, handKeys, "#hand-template");
  for (const hand of floor.hands) fillHand(/** @type {HTMLElement} */ (hands.get(hand.id)), hand, state);
  arrange(find("#queue-turns"), turns, given.map(keyOf), "#turn-template");
  for (const turn of given) fillTurn(/** @type {HTMLElement} */ (turns.get(keyOf(turn))), turn);
  times(state);
}

/** @param {Turn} turn */
function keyOf({ person, kind }) {
  return `${kind}:${person}`;
}

/**
 * Keeps one entry for each key, in their order; those that stay keep their element and with it the focus.
 * @param {HTMLElement} list @param {Map<string, HTMLElement>} entries @param {string[]} keys @param {string} template
 */
function arrange(list, entries, keys, template) {
  for (const [key, entry] of entries) {
    if (keys.includes(key)) continue;
    entry.remove();
    entries.delete(key);
  }
  keys.forEach((key, index) => {
    const known = entries.get(key) ?? copy(template);
    entries.set(key, known);
    if (list.children[index] !== known) list.insertBefore(known, list.children[index] ?? null);
  });
}

/** @param {string} template @returns {HTMLElement} */
function copy(template) {
  const { content } = /** @type {HTMLTemplateElement} */ (find(template));
  return find("li", /** @type {DocumentFragment} */ (content.cloneNode(true)));
}

/** @param {HTMLElement} entry @param {Hand} hand @param {RoomState} state */
function fillHand(entry, { id, name, word }, { floor, settings }) {
  entry.dataset.person = id;
  setText(find(".queue__name", entry), name);
  find(".queue__quiet", entry).hidden = !floor.notSpoken.includes(id);
  const give = find("[data-queue=give]", entry);
  give.hidden = settings.format === "seminar";
  setText(give, text("give_floor"));
  give.setAttribute("aria-label", text("give_floor_to", { name }));
  setText(find("[data-queue=lower] .visually-hidden", entry), text("lower_hand_of", { name }));
  find(".queue__screens", entry).hidden = word !== "screen";
}

/** @param {HTMLElement} entry @param {Turn} turn */
function fillTurn(entry, turn) {
  entry.dataset.person = turn.person;
  entry.dataset.kind = turn.kind;
  setText(find(".queue__name", entry), turn.name);
  const mute = find("[data-queue=mute]", entry);
  mute.hidden = !isSpeaking(turn);
  mute.setAttribute("aria-pressed", String(turn.is_muted));
  setText(find(".visually-hidden", mute), text(turn.is_muted ? "allow_person" : "mute_person", { name: turn.name }));
  const back = find("[data-queue=take_back]", entry);
  setText(back, text("take_back"));
  back.setAttribute("aria-label", text("take_back_from", { name: turn.name }));
}

/** @param {RoomState} state */
function times(state) {
  for (const hand of state.floor.hands) {
    const entry = hands.get(hand.id);
    if (entry) setText(find(".queue__note", entry), [hand.word && text(`word_${hand.word}`), wait(hand)].filter(Boolean).join(" · "));
  }
  for (const turn of givenTurns(state)) {
    const entry = turns.get(keyOf(turn));
    if (entry) setText(find(".queue__note", entry), status(state, turn));
  }
}

/** @param {Hand} hand */
function wait({ since }) {
  const minutes = Math.floor((now() - Date.parse(since)) / 60_000);
  return minutes < 1 ? text("waits_now") : text("waits_minutes", { minutes });
}

/** @param {RoomState} state @param {Turn} turn */
function status(state, turn) {
  if (!turn.is_accepted) return text("turn_offered");
  const left = secondsLeft(turn);
  const clock = left === null ? "" : `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`;
  return [text(`turn_${turn.kind}`), turn.is_muted ? text("turn_muted") : "", clock].filter(Boolean).join(" · ");
}

/**
 * A new hand is said, and counted at the tab while the queue is not in sight.
 * @param {RoomState} state @param {RoomState} previous @param {import("../state.js").Store} store
 * @param {(sentence: string) => void} notice
 */
function announce(state, previous, store, notice) {
  if (state.floor.hands === previous.floor.hands || !previous.lesson) return;
  const before = new Set(previous.floor.hands.map(({ id }) => id));
  const fresh = state.floor.hands.filter(({ id }) => !before.has(id));
  const isSeen = state.panel === "people";
  if (!isSeen) store.patch({ unread: { ...state.unread, people: state.floor.hands.length } });
  for (const { name } of fresh) notice(text("hand_raised_by", { name }));
}
