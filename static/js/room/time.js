/** Sets the page's clock by whatever tells the web tier's time. */

import { forgetTime, hearTime } from "../lib/clock.js";

/**
 * Learns the time from the page itself, and from all that the room says of it later.
 * @param {string} answeredAt ISO 8601; the page began to come a moment later
 * @param {import("./session.js").Session} session
 */
export function learnTheTime(answeredAt, session) {
  const [loading] = performance.getEntriesByType("navigation");
  const { responseStart } = /** @type {PerformanceNavigationTiming} */ (loading);
  hearTime(Date.parse(answeredAt), performance.timeOrigin + responseStart);
  session.on("message", (message) => {
    const told = timeTold(message);
    if (told === null) return;
    // Whoever was away may have slept: their clock is measured anew.
    if (message.type === "room.snapshot") forgetTime();
    hearTime(told);
  });
}

/**
 * The time at which a message was made, if it tells.
 * @param {{type: string, body: any}} message
 * @returns {number | null} milliseconds since 1970
 */
export function timeTold({ type, body }) {
  if (type === "room.snapshot") return body.floor ? Date.parse(body.floor.now) : null;
  if (type === "floor.changed") return Date.parse(body.now);
  return type === "video.changed" && body.video ? body.video.now * 1_000 : null;
}
