/** Who is speaking now, the one heard best first, as the relay tells. @typedef {string[]} Speakers ids of people */

/** @type {Speakers} */
export const initialSpeakers = [];

/** @param {Speakers} speakers @param {{type: string, body: any}} message @returns {Speakers} */
export function reduceSpeakers(speakers, { type, body }) {
  if (type === "room.speakers") return body.ids;
  return type === "room.snapshot" || isSilence(type, body) ? initialSpeakers : speakers;
}

/** Whether nobody is heard from now on, or the relay can't tell who. @param {string} type @param {any} body */
function isSilence(type, body) {
  return (type === "lesson.changed" && body.phase !== "live") || (type === "media.changed" && body.state === "lost");
}
