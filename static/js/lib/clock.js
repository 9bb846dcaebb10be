/** The web tier's time: what is agreed for a time of day must not depend on a computer's clock. */

/** So many of the last times that were told count. */
const SAMPLES = 8;

/** @type {number[]} by how many milliseconds each time that was told was behind this computer's clock when heard */
let behind = [];

/**
 * Learns what time it is there. Nothing is heard before it was said, so that the quickest of the last messages
 * counts; what is no time is passed over.
 * @param {number} told milliseconds since 1970
 * @param {number} [heardAt] milliseconds by this computer's clock
 */
export function hearTime(told, heardAt = Date.now()) {
  if (Number.isFinite(told)) behind = [...behind, heardAt - told].slice(-SAMPLES);
}

/** Forgets what was heard: this computer's clock may have been set, or stood still, meanwhile. */
export function forgetTime() {
  behind = [];
}

/** The time by the web tier's clock; by this computer's until it was told. @returns {number} milliseconds since 1970 */
export function now() {
  return Date.now() - (behind.length ? Math.min(...behind) : 0);
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
