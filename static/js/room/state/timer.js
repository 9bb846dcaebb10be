/**
 * The timer on the stage.
 *
 * @typedef {{label: string, seconds: number, endsAt: number}} Timer `endsAt` as Date.now() counts
 */

/** So long a timer that is over stays in sight. */
export const OVER_MS = 30_000;

/**
 * @param {Timer | null} timer
 * @param {{type: string, body: any}} message
 * @param {number} [now]
 * @returns {Timer | null}
 */
export function reduceTimer(timer, { type, body }, now = Date.now()) {
  if (type !== "timer.changed" && type !== "room.snapshot") return timer;
  if (!body.timer) return null;
  const { label, seconds, left_ms } = body.timer;
  return { label, seconds, endsAt: now + left_ms };
}

/**
 * Returns what is left: whole seconds, rounded up so that it ends with 0, and which part of the whole.
 * @param {Timer} timer
 * @param {number} now
 */
export function timeLeft({ seconds, endsAt }, now) {
  const left = Math.max(0, endsAt - now) / 1_000;
  return { seconds: Math.ceil(left), share: Math.min(1, left / seconds) };
}

/** Writes seconds as a clock does. @param {number} seconds */
export function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first, ...rest] = parts[0] ? parts : parts.slice(1);
  return [String(first), ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}
