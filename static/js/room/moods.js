/** How the class follows: students press, staff see a quiet meter of the last minutes, without names. */

import { now } from "../lib/clock.js";
import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { RequestError } from "./session.js";
import { lastMinutes, MOODS, SHOWN_MINUTES } from "./state/moods.js";

const HEIGHT = 24;
const TICK_MS = 5_000;

/** Starts the feature. @param {import("./main.js").Parts} parts @returns {Record<string, () => unknown>} */
export function startMoods(parts) {
  return parts.store.state.mayPublish ? meter(parts) : presses(parts);
}

/** @param {import("./main.js").Parts} parts */
function presses({ store, session, notice }) {
  const press = async (/** @type {import("./state/moods.js").Mood} */ mood) => {
    const before = store.state.moods;
    const next = current(before) === mood ? "" : mood;
    store.patch({ moods: { ...before, mine: next, until: Infinity } });
    try {
      const { lasts_ms } = await session.request("moods.press", { mood: next });
      store.patch({ moods: { ...store.state.moods, until: Date.now() + lasts_ms } });
    } catch (error) {
      store.patch({ moods: before });
      if (!(error instanceof RequestError)) throw error;
      notice(error.sentence || text("try_again_offline"));
    }
  };
  const show = () => {
    const mine = current(store.state.moods);
    for (const mood of MOODS) find(`[data-action="mood_${mood}"]`).setAttribute("aria-pressed", String(mine === mood));
  };
  store.watch(show);
  setInterval(show, TICK_MS);
  return Object.fromEntries(MOODS.map((mood) => [`mood_${mood}`, () => press(mood)]));
}

/** What one has pressed, while it lasts. @param {import("./state/moods.js").Moods} moods */
function current({ mine, until }) {
  return Date.now() < until ? mine : "";
}

/** @param {import("./main.js").Parts} parts */
function meter({ store }) {
  const show = () => {
    const { now: counted, minutes } = store.state.moods;
    const counts = lastMinutes(minutes, now());
    const most = Math.max(3, ...counts.flatMap((minute) => MOODS.map((mood) => minute[mood])));
    for (const mood of MOODS) {
      const row = find(`[data-mood="${mood}"]`);
      row.classList.toggle("mood--some", counted[mood] > 0);
      setText(find(".mood__now", row), String(counted[mood]));
      find(".mood__line", row).setAttribute("points", line(counts.map((minute) => minute[mood]), most));
    }
  };
  store.watch((state, previous) => {
    if (state.moods !== previous.moods || state === previous) show();
  });
  setInterval(show, TICK_MS);
  return {};
}

/** Returns the points of a line through the counts. @param {number[]} counts @param {number} most */
function line(counts, most) {
  return counts.map((count, index) => `${(index * 100) / (SHOWN_MINUTES - 1)},${HEIGHT - 1 - (count / most) * (HEIGHT - 2)}`).join(" ");
}
