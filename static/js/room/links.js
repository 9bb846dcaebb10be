/** Who in the room has trouble with their connection, and why, from what the relay and their pages tell. */

import { NO_LAYER } from "./state.js";

/** Above these a lesson is no pleasure any more. */
const LOSS = 0.05;
const RTT_MS = 300;
const FROZEN_MS = 1_000;
/** Trouble is shown so long after it was last seen, that a list of people doesn't flicker. */
const LASTS_MS = 12_000;
/** The worst first: a person with several pages is shown by the worst of them. */
const KINDS = /** @type {const} */ (["paused", "weak", "freezes", "low", "choice"]);
/** What comes and goes from one report to the next; the others last as long as they are told. */
const FLEETING = new Set(["weak", "freezes"]);
const EXPIRE_EVERY_MS = 2_000;

/**
 * @typedef {import("./state.js").Trouble} Trouble
 * @typedef {object} Link as the room protocol tells it
 * @property {string} id
 * @property {string} client
 * @property {"subscribe" | "publish"} direction
 * @property {number} rtt_ms
 * @property {number} loss 0 to 1
 * @property {Record<string, number>} layers
 * @property {"" | "link" | "choice"} limited
 * @property {number} frozen_ms
 */

/** Keeps `troubles` and `isUplinkWeak` of the state in step with the links that are told. */
export class Links {
  /** @type {Map<string, {id: string, trouble: Trouble, until: number}>} */ #troubles = new Map();
  /** @type {import("./state.js").Store} */ #store;

  /** @param {import("./state.js").Store} store */
  constructor(store) {
    this.#store = store;
    setInterval(() => this.#publish(performance.now()), EXPIRE_EVERY_MS);
  }

  /** Takes what was told of some links. @param {Link[]} links @param {number} [now] in milliseconds */
  take(links, now = performance.now()) {
    for (const link of links) this.#note(link, now);
    this.#publish(now);
  }

  /** @param {Link} link @param {number} now */
  #note(link, now) {
    const key = [link.id, link.client, link.direction].join(" ");
    const trouble = troubleOf(link);
    const before = this.#troubles.get(key);
    if (trouble) this.#troubles.set(key, { id: link.id, trouble, until: now + LASTS_MS });
    else if (before && !FLEETING.has(before.trouble.kind)) this.#troubles.delete(key);
  }

  /** @param {number} now */
  #publish(now) {
    /** @type {Record<string, Trouble>} */ const worst = {};
    const { client, myId, people, troubles, isUplinkWeak } = this.#store.state;
    const present = new Set(people.map((person) => person.id));
    for (const [key, { id, trouble, until }] of this.#troubles) {
      if (now > until) this.#troubles.delete(key);
      else if (present.has(id) && !(worst[id] && rank(worst[id]) <= rank(trouble))) worst[id] = trouble;
    }
    const mine = this.#troubles.get([myId, client, "publish"].join(" "));
    const change = { troubles: worst, isUplinkWeak: mine?.trouble.kind === "weak" };
    const isSame = JSON.stringify(worst) === JSON.stringify(troubles);
    if (!isSame || change.isUplinkWeak !== isUplinkWeak) this.#store.patch(change);
  }
}

/** @param {Trouble} trouble */
function rank({ kind }) {
  return KINDS.indexOf(kind);
}

/** @param {Link} link @returns {Trouble | null} */
function troubleOf(link) {
  const figures = { loss: Math.round(link.loss * 100) / 100, rtt: link.rtt_ms };
  const layers = Object.values(link.layers);
  const isPaused = layers.includes(NO_LAYER);
  if (link.limited === "link" && isPaused) return { kind: "paused", ...figures };
  if (link.loss >= LOSS || link.rtt_ms >= RTT_MS) return { kind: "weak", ...figures };
  if (link.frozen_ms >= FROZEN_MS) return { kind: "freezes", ...figures };
  if (link.limited === "link") return { kind: "low", ...figures };
  const isSoundOnly = layers.length > 0 && layers.every((layer) => layer === NO_LAYER);
  return link.limited === "choice" && isSoundOnly ? { kind: "choice", ...figures } : null;
}
