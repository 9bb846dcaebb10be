/**
 * What this browser alone knows of anonymous polls: the slip that an answer lies under, and the answer. The web
 * tier keeps neither with a name.
 */

const PREFIX = "lectern.slip.";

/** @typedef {{slip: string, answer: import("../state/polls.js").Answer | null}} Slip */

/** Returns the slip of a poll, made by chance at the first call. @param {string} id @returns {Slip} */
export function slipOf(id) {
  const kept = localStorage.getItem(PREFIX + id);
  if (kept) return JSON.parse(kept);
  const made = { slip: crypto.randomUUID?.() ?? fallback(), answer: null };
  keep(id, made);
  return made;
}

/** @param {string} id @param {Slip} slip */
export function keep(id, slip) {
  localStorage.setItem(PREFIX + id, JSON.stringify(slip));
}

/** Adds what the browser knows of one's own anonymous answers. @param {import("../state/polls.js").Poll} poll */
export function withOwn(poll) {
  if (!poll.is_anonymous || !poll.answered_by_me || poll.mine) return poll;
  const kept = localStorage.getItem(PREFIX + poll.id);
  return kept ? { ...poll, mine: /** @type {Slip} */ (JSON.parse(kept)).answer } : poll;
}

/** Where the page isn't in a secure context, there is no randomUUID. */
function fallback() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
