/** The web tier's time: what is agreed for a time of day must not depend on a computer's clock. */

let ahead = 0;

/**
 * Learns how far this computer's clock is ahead, from a time that the page was answered at.
 * @param {string} answeredAt ISO 8601
 * @param {number} heardAt milliseconds by this computer's clock, when that answer came
 */
export function setClock(answeredAt, heardAt) {
  const difference = heardAt - Date.parse(answeredAt);
  ahead = Number.isFinite(difference) ? difference : 0;
}

/** The time by the web tier's clock. @returns {number} milliseconds since 1970 */
export function now() {
  return Date.now() - ahead;
}

/**
 * Returns how long it is until then as people read it: `0:45`, `12:00`, `1:02:03`; `0:00` afterwards.
 * @param {string} time ISO 8601
 * @param {number} [from] milliseconds since 1970
 * @returns {string}
 */
export function timeUntil(time, from = now()) {
  const seconds = Math.max(0, Math.ceil((Date.parse(time) - from) / 1000));
  const minutes = Math.floor(seconds / 60);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
