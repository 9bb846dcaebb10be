/**
 * Returns how many milliseconds to wait before a try: it doubles up to the cap, and chance spreads it over
 * the upper half, so that a class that lost its line together does not come back in one instant.
 * @param {number} attempt counts from 0
 * @param {{first: number, cap: number}} limits in milliseconds
 * @param {() => number} [random]
 * @returns {number}
 */
export function backoff(attempt, { first, cap }, random = Math.random) {
  const full = Math.min(cap, first * 2 ** Math.min(attempt, 20));
  return full / 2 + (full / 2) * random();
}
