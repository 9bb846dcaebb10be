/** The lobby: how long it still takes, for those who wait; who waits and who was removed, for the staff. */

import { now, timeUntil } from "../lib/clock.js";
import { find, findOptional, initials, setText } from "../lib/dom.js";
import { make } from "../lib/make.js";
import { text } from "../lib/texts.js";
import { view } from "./state.js";

const TICK_MS = 1_000;
/** A countdown of days is no use to anybody. */
const COUNTED_MS = 24 * 60 * 60 * 1000;

/** @typedef {import("./state.js").RoomState} RoomState */

/**
 * Starts both sides of it.
 * @param {import("./main.js").Parts} parts
 * @returns {import("./controls.js").Actions}
 */
export function startLobby({ store, session, notice }) {
  countDown(store);
  if (!findOptional("#people-waiting")) return {};
  store.watch((state, previous) => {
    if (state.lobby === previous.lobby && state !== previous) return;
    fill(state);
    announce(state, previous, notice);
  });
  const admit = async (/** @type {string[] | null} */ people) => {
    const { admitted } = await session.request("room.admit", { people });
    notice(text(admitted === 1 ? "admitted_one" : "admitted_many", { count: admitted }));
    find("#panel-people").focus();
  };
  return { admit: (button) => admit([button.dataset.person ?? ""]), admit_all: () => admit(null) };
}

/** Whoever listens hears once that they wait; the seconds are for the eyes alone. @param {import("./state.js").Store} store */
function countDown(store) {
  const places = document.querySelectorAll("[data-countdown]");
  const show = () => {
    const { lesson } = store.state;
    const left = lesson ? Date.parse(lesson.starts_at) - now() : 0;
    const isCounted = lesson !== null && lesson.phase !== "live" && left > 0 && left < COUNTED_MS;
    for (const place of places) {
      /** @type {HTMLElement} */ (place).hidden = !isCounted;
      if (isCounted) setText(place, text("starts_in", { time: timeUntil(lesson.starts_at) }));
    }
  };
  let timer = 0;
  store.watch((state, previous) => {
    if (view(state) === view(previous) && state.lesson === previous.lesson && state !== previous) return;
    clearInterval(timer);
    const isSeen = ["lobby", "door", "waiting"].includes(view(state));
    if (isSeen) timer = setInterval(show, TICK_MS);
    show();
  });
}

/** @param {RoomState} state @param {RoomState} previous @param {(sentence: string) => void} notice */
function announce({ lobby }, previous, notice) {
  const known = new Set(previous.lobby.waiting.map(({ id }) => id));
  const fresh = lobby.waiting.filter(({ id }) => !known.has(id));
  if (fresh.length === 1) notice(text("waits_one", { name: fresh[0].name }));
  else if (fresh.length) notice(text("waits_many", { count: fresh.length }));
}

/** @param {RoomState} state */
function fill({ lobby }) {
  find("#people-waiting").hidden = !lobby.waiting.length;
  find("#people-removed").hidden = !lobby.removed.length;
  setText(find("#waiting-count"), String(lobby.waiting.length));
  find("#waiting-list").replaceChildren(...lobby.waiting.map((person) => entry(person, "admit")));
  find("#removed-list").replaceChildren(...lobby.removed.map((person) => entry(person, "let_back")));
}

/** @param {{id: string, name: string}} person @param {"admit" | "let_back"} action */
function entry({ id, name }, action) {
  const button = make(
    "button",
    { type: "button", class: "button button--small", "data-action": action, "data-person": id, "data-name": name },
    text(`${action}_one`),
    make("span", { class: "visually-hidden" }, ` ${name}`),
  );
  const avatar = make("span", { class: "avatar avatar--small", "aria-hidden": "true" }, initials(name));
  return make("li", { class: "guest" }, avatar, make("span", { class: "guest__name" }, name), button);
}
