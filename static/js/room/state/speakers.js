/** Who is speaking now, the one heard best first, as the relay tells. @typedef {string[]} Speakers ids of people */

/** @type {Speakers} */
export const initialSpeakers = [];

/** @param {Speakers} speakers @param {{type: string, body: any}} message @returns {Speakers} */
export function reduceSpeakers(speakers, { type, body }) {
  if (type === "room.speakers") return body.ids;
  return type === "room.snapshot" ? initialSpeakers : speakers;
}
