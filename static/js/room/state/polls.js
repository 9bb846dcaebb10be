/**
 * What the class is asked: every poll that this person may know of, the oldest first.
 *
 * @typedef {{answered: number, counts?: number[], texts?: [string, number][]}} Results
 * @typedef {Results & {right: number | null, explanation: string}} Shown
 * @typedef {number[] | string} Answer which options, from 0, or a text
 * @typedef {object} Poll
 * @property {string} id
 * @property {"choice" | "choices" | "scale" | "text" | "quiz"} kind
 * @property {string} question
 * @property {string[]} options
 * @property {boolean} is_anonymous
 * @property {"draft" | "open" | "closed"} state
 * @property {boolean} is_shown whether all may see the results
 * @property {Shown | null} shown the results, once all may see them
 * @property {boolean} [answered_by_me]
 * @property {Answer | null} [mine] null where nobody knows, as in an anonymous poll
 * @property {Results} [results] of the staff's alone, as all below
 * @property {number | null} [right]
 * @property {string} [explanation]
 */

export const SCALE = ["1", "2", "3", "4", "5"];

/** @type {Poll[]} */
export const initialPolls = [];

/** @param {Poll[]} polls @param {{type: string, body: any}} message @returns {Poll[]} */
export function reducePolls(polls, { type, body }) {
  if (type === "room.snapshot") return body.polls ?? initialPolls;
  if (type === "polls.changed") return merge(polls, body.poll);
  return type === "polls.deleted" ? polls.filter(({ id }) => id !== body.poll) : polls;
}

/** @param {Poll[]} polls @param {Poll} told @returns {Poll[]} */
function merge(polls, told) {
  if (!polls.some(({ id }) => id === told.id)) return [...polls, told];
  return polls.map((poll) => (poll.id === told.id ? { ...poll, ...told } : poll));
}

/** The poll that the class is asked now. @param {Poll[]} polls */
export function openPoll(polls) {
  return polls.find(({ state }) => state === "open");
}

/** What can be chosen of; empty for a text. @param {Poll} poll */
export function choicesOf({ kind, options }) {
  return kind === "scale" ? SCALE : options;
}

/**
 * Returns the polls with one's own answer noted.
 * @param {Poll[]} polls
 * @param {string} id
 * @param {Answer} answer
 */
export function withAnswer(polls, id, answer) {
  return polls.map((poll) => (poll.id === id ? { ...poll, answered_by_me: true, mine: answer } : poll));
}

/**
 * Returns an answer with an option pressed: it alone, or where several may be chosen, more or less of it.
 * @param {Poll} poll
 * @param {Answer | null | undefined} answer
 * @param {number} index
 * @returns {number[]}
 */
export function pressed({ kind }, answer, index) {
  if (kind !== "choices") return [index];
  const chosen = Array.isArray(answer) ? answer : [];
  return chosen.includes(index) ? chosen.filter((each) => each !== index) : [...chosen, index].sort();
}

/**
 * Returns what the card over the stage's corner is about: the open poll, or the one whose results were shown last.
 * @param {Poll[]} polls
 * @param {Set<string>} dismissed `cardKey` of what the person has put away
 */
export function cardPoll(polls, dismissed) {
  const poll = openPoll(polls) ?? polls.findLast(({ is_shown }) => is_shown);
  return poll && !dismissed.has(cardKey(poll)) ? poll : undefined;
}

/** What a card is about: a poll that is closed or shown makes another one. @param {Poll} poll */
export function cardKey({ id, state, is_shown }) {
  return `${id} ${state} ${is_shown}`;
}
