/** The end for all: at once or after a countdown that everyone sees and the staff can stop. */

import { ask } from "../lib/ask.js";
import { now, timeUntil } from "../lib/clock.js";
import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";

const TICK_MS = 250;
const COUNTDOWN_SECONDS = 60;

/**
 * Starts the countdown's banner.
 * @param {import("./main.js").Parts} parts
 * @returns {import("./controls.js").Actions}
 */
export function startEnding({ store, session, say }) {
  let timer = 0;
  const show = () => {
    const { settings, lesson } = store.state;
    const at = lesson?.phase === "live" ? settings.ends_for_all_at : null;
    find("#ending").toggleAttribute("data-shown", Boolean(at));
    if (at) setText(find("#ending-text"), text("ends_in", { time: timeUntil(at) }));
  };
  store.watch((state, previous) => {
    const { ends_for_all_at: at } = state.settings;
    if (at === previous.settings.ends_for_all_at && state.lesson === previous.lesson && state !== previous) return;
    clearInterval(timer);
    if (at) timer = setInterval(show, TICK_MS);
    show();
    if (at && at !== previous.settings.ends_for_all_at)
      say(text("ends_soon", { seconds: Math.max(0, Math.round((Date.parse(at) - now()) / 1000)) }));
    else if (!at && previous.settings.ends_for_all_at && state.lesson?.phase === "live") say(text("stays_open"));
  });
  return { end: () => end(session), keep_open: () => session.request("room.keep_open") };
}

/** @param {import("./session.js").Session} session */
async function end(session) {
  const answers = [
    { value: "later", label: text("end_later"), kind: /** @type {const} */ ("primary") },
    { value: "now", label: text("end_now"), kind: /** @type {const} */ ("danger") },
    { value: "", label: text("end_not") },
  ];
  const answer = await ask({ title: text("end_title"), text: text("end_text"), answers });
  if (!answer) return;
  await session.whenOpen();
  if (answer === "now") await session.request("lesson.end");
  else await session.request("room.end_for_all", { seconds: COUNTDOWN_SECONDS });
}
