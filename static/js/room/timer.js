/** The timer on the stage: all see it run and end, teachers start, prolong and stop it. */

import { now } from "../lib/clock.js";
import { find, findOptional, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { clock, crosses, OVER_MS, timeLeft } from "./state/timer.js";
import { ring } from "./timer/chime.js";

const TICK_MS = 200;
const MINUTE = 60;
const MAX_MINUTES = 240;
/** Where this browser keeps whether the timer sounds at its end. */
const SOUNDS = "lectern.timer_sounds";

/** Starts the feature. @param {import("./main.js").Parts} parts @returns {Record<string, () => unknown>} */
export function startTimer({ store, session, say }) {
  const root = find("#timer");
  let interval = 0;
  let last = -1;
  const show = () => {
    const { timer } = store.state;
    const time = now();
    const isSeen = timer !== null && time - timer.endsAt < OVER_MS && store.state.lesson?.phase !== "ended";
    root.hidden = !isSeen;
    for (const button of document.querySelectorAll("[data-timer-running]")) {
      if (button instanceof HTMLElement) button.hidden = !isSeen;
    }
    if (!timer || !isSeen) {
      clearInterval(interval);
      interval = 0;
      return;
    }
    interval ||= setInterval(show, TICK_MS);
    const { seconds, share } = timeLeft(timer, time);
    root.style.setProperty("--left", String(share));
    root.dataset.state = seconds ? (seconds <= 10 ? "last" : "running") : "over";
    setText(find("#timer-label"), timer.label);
    setText(find("#timer-clock"), seconds ? clock(seconds) : text("timer_over"));
    if (seconds !== last) speak(last, seconds);
    last = seconds;
  };
  const speak = (/** @type {number} */ before, /** @type {number} */ after) => {
    if (crosses(MINUTE, before, after)) say(text("timer_minute"));
    if (!crosses(0, before, after)) return;
    say(text("timer_over"));
    if (sounds()?.checked) ring();
  };
  store.watch((state, previous) => {
    if (state.timer === previous.timer && state.lesson === previous.lesson && state !== previous) return;
    if (state.timer && !previous.timer) say(text("timer_started", { time: clock(timeLeft(state.timer, now()).seconds) }));
    if (!state.timer) last = -1;
    show();
  });
  return conduct(session);
}

/** Where those who start timers choose whether one sounds; nobody else has it. */
function sounds() {
  return /** @type {HTMLInputElement | null} */ (findOptional("#timer-sounds"));
}

/** @param {import("./session.js").Session} session @returns {Record<string, () => unknown>} */
function conduct(session) {
  const form = /** @type {HTMLFormElement | null} */ (findOptional("#timer-form"));
  if (!form) return {};
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const sound = /** @type {HTMLInputElement} */ (sounds());
  sound.checked = localStorage.getItem(SOUNDS) === "on";
  sound.addEventListener("change", () => {
    localStorage.setItem(SOUNDS, sound.checked ? "on" : "off");
    // So that one knows what one has chosen.
    if (sound.checked) ring();
  });
  const start = (/** @type {number} */ minutes) =>
    session.request("timer.start", { seconds: Math.round(minutes * MINUTE), label: field("label").value.trim() });
  form.addEventListener("submit", (event) => event.preventDefault());
  const presets = [1, 3, 5, 10].map((minutes) => [`timer_${minutes}`, () => start(minutes)]);
  return {
    ...Object.fromEntries(presets),
    timer_own: () => {
      const minutes = Number(field("minutes").value);
      if (!(minutes > 0 && minutes <= MAX_MINUTES)) return field("minutes").focus();
      return start(Math.max(minutes, 5 / MINUTE));
    },
    timer_more: () => session.request("timer.add", { seconds: MINUTE }),
    timer_stop: () => session.request("timer.stop", {}),
  };
}
