/**
 * The timer on the stage.
 *
 * @typedef {{label: string, seconds: number, endsAt: number}} Timer `endsAt` by the web tier's clock, in milliseconds
 */

/** So long a timer that is over stays in sight. */
export const OVER_MS = 30_000;

/**
 * @param {Timer | null} timer
 * @param {{type: string, body: any}} message
 * @returns {Timer | null}
 */
export function reduceTimer(timer, { type, body }) {
  if (type !== "timer.changed" && type !== "room.snapshot") return timer;
  if (!body.timer) return null;
  const { label, seconds, ends_at } = body.timer;
  return { label, seconds, endsAt: Date.parse(ends_at) };
}

/**
 * Returns what is left: whole seconds, rounded up so that it ends with 0, and which part of the whole.
 * @param {Timer} timer
 * @param {number} now by the web tier's clock
 */
export function timeLeft({ seconds, endsAt }, now) {
  const left = Math.max(0, endsAt - now) / 1_000;
  return { seconds: Math.ceil(left), share: Math.min(1, left / seconds) };
}

/**
 * Whether a clock that is looked at now and then has come down to so many seconds since it was looked at last; what was
 * over when it was first seen (`before` is negative) doesn't end once more.
 * @param {number} seconds
 * @param {number} before
 * @param {number} after
 */
export function crosses(seconds, before, after) {
  return before > seconds && after <= seconds;
}

/** Writes seconds as a clock does. @param {number} seconds */
export function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first, ...rest] = parts[0] ? parts : parts.slice(1);
  return [String(first), ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}
