/**
 * The video that is played to all, and the arithmetic that keeps everyone at the same place in it. Times of the web
 * tier are in seconds.
 *
 * @typedef {{material: string, name: string, seconds: number, is_playing: boolean, position: number, at: number,
 *   now: number}} Playback `position` held at the time `at`, and was told at `now`; `seconds` is 0 where unknown
 */

/** Who is farther off jumps, in seconds: playing faster would take too long. */
export const FAR = 2;
/** Nobody hears or sees so little, in seconds. */
export const NEAR = 0.06;
/** So much faster or slower at most: speech still sounds the same. */
export const MAX_CHANGE = 0.05;
/** A distance is made good within so many seconds, where MAX_CHANGE allows. */
const CATCH_UP = 4;

/** @type {Playback | null} */
export const initialVideo = null;

/** @param {Playback | null} video @param {{type: string, body: any}} message @returns {Playback | null} */
export function reduceVideo(video, { type, body }) {
  if (type === "room.snapshot") return body.video ?? null;
  return type === "video.changed" ? body.video : video;
}

/**
 * Returns where the video is at a time of the web tier, in seconds; it stops at its end.
 * @param {Playback} video
 * @param {number} now
 */
export function placeAt({ is_playing, position, at, seconds }, now) {
  const place = position + (is_playing ? Math.max(0, now - at) : 0);
  return seconds ? Math.min(place, seconds) : place;
}

/** Whether it has run to its end. @param {Playback} video @param {number} now */
export function isThrough(video, now) {
  return video.seconds > 0 && placeAt(video, now) >= video.seconds;
}

/**
 * Returns what a player does to come to where the others are: the place to jump to or null, and how fast to play.
 * @param {number} place where it is, in seconds
 * @param {number} wanted where it should be
 * @returns {{jump: number | null, rate: number}}
 */
export function correction(place, wanted) {
  const behind = wanted - place;
  if (Math.abs(behind) > FAR) return { jump: wanted, rate: 1 };
  if (Math.abs(behind) < NEAR) return { jump: null, rate: 1 };
  return { jump: null, rate: 1 + Math.max(-MAX_CHANGE, Math.min(MAX_CHANGE, behind / CATCH_UP)) };
}
