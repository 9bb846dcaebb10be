/**
 * How the class follows: staff know how many have pressed what, others their own press.
 *
 * @typedef {"lost" | "fast" | "got_it"} Mood
 * @typedef {{lost: number, fast: number, got_it: number}} Counts
 * @typedef {Counts & {at: string}} Minute
 * @typedef {{now: Counts, minutes: Minute[], mine: Mood | "", until: number}} Moods
 *   `until` is when one's own press is over, as Date.now() counts
 */

/** @type {Mood[]} */
export const MOODS = ["lost", "fast", "got_it"];
/** So many minutes the meter shows. */
export const SHOWN_MINUTES = 20;
const MINUTE_MS = 60_000;

/** @type {Moods} */
export const initialMoods = { now: { lost: 0, fast: 0, got_it: 0 }, minutes: [], mine: "", until: 0 };

/**
 * @param {Moods} moods
 * @param {{type: string, body: any}} message
 * @param {number} [now]
 * @returns {Moods}
 */
export function reduceMoods(moods, { type, body }, now = Date.now()) {
  if (type === "moods.changed") return { ...moods, ...body };
  if (type !== "room.snapshot") return moods;
  const { lasts_ms = 0, ...told } = body.moods ?? {};
  return { ...initialMoods, ...told, until: now + lasts_ms };
}

/**
 * Returns the counts of the last minutes, the oldest first; minutes without a press are zeros.
 * @param {Minute[]} minutes
 * @param {number} now
 * @returns {Counts[]}
 */
export function lastMinutes(minutes, now) {
  const current = Math.floor(now / MINUTE_MS);
  const found = new Map(minutes.map((minute) => [Math.floor(Date.parse(minute.at) / MINUTE_MS), minute]));
  return Array.from({ length: SHOWN_MINUTES }, (_, index) => {
    const { lost, fast, got_it } = found.get(current - SHOWN_MINUTES + 1 + index) ?? initialMoods.now;
    return { lost, fast, got_it };
  });
}
