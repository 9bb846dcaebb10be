/**
 * Who will have trouble, by their newest device check: told to teachers and assistants alone.
 *
 * @typedef {Record<string, ("camera" | "microphone" | "speaker" | "network")[]>} Checks by person
 */

/** @type {Checks} */
export const initialChecks = {};

/** @param {Checks} checks @param {{type: string, body: any}} message @returns {Checks} */
export function reduceChecks(checks, { type, body }) {
  return type === "room.snapshot" ? (body.checks ?? initialChecks) : checks;
}
