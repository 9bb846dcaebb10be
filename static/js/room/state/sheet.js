/**
 * A page's copy of a sheet: what the server has put into order, and on top of it what this page has done and not
 * heard back yet. Whatever comes in between, every page shows the same in the end.
 *
 * @typedef {object} Element as in `docs/room-protocol.md`
 * @property {string} id
 * @property {"ink" | "marker" | "line" | "rect" | "ellipse" | "text" | "note"} type
 * @property {number} color
 * @property {number} size
 * @property {boolean} [pen]
 * @property {number[][]} [points]
 * @property {number[]} [box]
 * @property {number[]} [fit]
 * @property {string} [text]
 * @property {string} by a person; empty for one's own that is not confirmed
 * @property {number} z the version at which it came
 *
 * @typedef {Omit<Element, "by" | "z">} NewElement
 * @typedef {Record<string, Partial<Pick<Element, "color" | "size" | "box" | "fit" | "text">>>} Changes
 * @typedef {{do: "add", element: NewElement} | {do: "append", id: string, at: number, points: number[]}
 *   | {do: "set", changes: Changes} | {do: "remove", ids: string[]} | {do: "restore", elements: Element[]}
 *   | {do: "clear"} | {do: "reload"}} Effect
 * @typedef {{by: string, client: string, n: number, ops: Effect[]}} Batch
 */

/** What is not confirmed lies above all else, in its own order. */
const PENDING_Z = 2 ** 52;

/**
 * Does to the elements what an effect says.
 * @param {Map<string, Element>} elements
 * @param {Effect} effect
 * @param {string} by
 * @param {number} z
 */
export function apply(elements, effect, by, z) {
  switch (effect.do) {
    case "add":
      if (!elements.has(effect.element.id)) elements.set(effect.element.id, { ...effect.element, by, z });
      break;
    case "append": {
      const element = elements.get(effect.id);
      if (!element?.points || element.points.length !== effect.at) break;
      elements.set(effect.id, { ...element, points: [...element.points, effect.points] });
      break;
    }
    case "set":
      for (const [id, changes] of Object.entries(effect.changes)) {
        const element = elements.get(id);
        if (element) elements.set(id, { ...element, ...changes });
      }
      break;
    case "remove":
      for (const id of effect.ids) elements.delete(id);
      break;
    case "restore":
      for (const element of effect.elements) {
        if (!elements.has(element.id)) elements.set(element.id, element);
      }
      break;
    case "clear":
      elements.clear();
  }
}

/** Which elements an effect is about; null for all. @param {Effect} effect @returns {string[] | null} */
export function touched(effect) {
  switch (effect.do) {
    case "add":
      return [effect.element.id];
    case "append":
      return [effect.id];
    case "set":
      return Object.keys(effect.changes);
    case "remove":
      return effect.ids;
    case "restore":
      return effect.elements.map(({ id }) => id);
    default:
      return null;
  }
}

/** An effect of one's own as it is sent. @param {Effect} effect @returns {object} */
function operation(effect) {
  return effect.do === "restore" ? { do: "restore", ids: touched(effect) } : effect;
}

/** Holds the elements; whoever made it is told which of them have changed. */
export class Sheet {
  /** How many effects are in what is confirmed; -1 before anything was loaded. */
  version = -1;
  /** What is to be seen, by id. @type {Map<string, Element>} */ shown = new Map();
  /** @type {Map<string, Element>} */ #confirmed = new Map();
  /**
   * What was done here and is not confirmed: in the message `n`, 0 for none yet, which the server has in the version
   * `at`, -1 while that is not known.
   * @type {{effect: Effect, n: number, isSent: boolean, z: number, at: number}[]}
   */
  #pending = [];
  #performed = 0;

  /**
   * @param {string} client this page's id
   * @param {(ids: Set<string> | null) => void} changed null: all may have
   */
  constructor(client, changed) {
    this.client = client;
    this.changed = changed;
  }

  /** Takes the whole sheet. @param {{version: number, elements: Element[]}} content */
  load({ version, elements }) {
    this.version = version;
    this.#confirmed = new Map(elements.map((element) => [element.id, element]));
    this.#forgetSettled();
    this.#showAll();
  }

  /**
   * Takes what came after a version. Returns `missing` where something lies in between, and `reload` where the sheet
   * has to be loaded whole.
   * @param {{from: number, batches: Batch[]}} news
   * @returns {"heard" | "missing" | "reload"}
   */
  hear({ from, batches }) {
    if (this.version < 0 || from > this.version) return "missing";
    let version = from;
    let isAll = false;
    /** @type {Set<string>} */ const ids = new Set();
    const note = (/** @type {Effect} */ effect) => {
      const about = touched(effect);
      if (about) for (const id of about) ids.add(id);
      else isAll = true;
    };
    for (const { by, client, n, ops } of batches) {
      for (const effect of ops) {
        version += 1;
        // To go back to what was and stop there would be another state than anybody's.
        if (version <= this.version) continue;
        if (effect.do === "reload") return "reload";
        apply(this.#confirmed, effect, by, version);
        note(effect);
      }
      if (client === this.client) this.#drop((entry) => entry.n === n).forEach(note);
    }
    this.version = Math.max(this.version, version);
    this.#forgetSettled().forEach(note);
    if (isAll) this.#showAll();
    else this.#show(ids);
    return "heard";
  }

  /** Does something here at once; it is pending until the server has said its word. @param {Effect} effect */
  perform(effect) {
    const z = PENDING_Z + this.#performed++;
    this.#pending.push({ effect, n: 0, isSent: false, z, at: -1 });
    apply(this.shown, effect, "", z);
    this.changed(new Set(touched(effect) ?? []));
  }

  /**
   * Takes what has not been sent as one message, as much as it may hold. What is sent once more keeps its number.
   * @param {number} next the number of a new message
   * @param {{operations: number, length: number}} limits the most operations, and characters of JSON
   * @returns {{n: number, ops: object[]} | null} null where there is nothing to send
   */
  takeMessage(next, { operations, length }) {
    const waiting = this.#pending.filter((entry) => !entry.isSent);
    if (!waiting.length) return null;
    const n = waiting[0].n || next;
    /** @type {object[]} */ const ops = [];
    let size = 0;
    for (const entry of waiting.filter((one) => one.n === waiting[0].n)) {
      const sent = operation(entry.effect);
      size += JSON.stringify(sent).length;
      if (ops.length && (ops.length >= operations || size > length)) break;
      ops.push(sent);
      entry.n = n;
      entry.isSent = true;
    }
    return { n, ops };
  }

  /** Whether anything waits to be sent. */
  get hasUnsent() {
    return this.#pending.some((entry) => !entry.isSent);
  }

  /** How much is not confirmed. */
  get pendingCount() {
    return this.#pending.length;
  }

  /** Has what was sent and not confirmed be sent once more: the line broke, and nobody knows what came. */
  sendAgain() {
    for (const entry of this.#pending) if (entry.at < 0) entry.isSent = false;
  }

  /** The server has taken the message: all of it is in that version. @param {number} n @param {number} version */
  settle(n, version) {
    for (const entry of this.#pending) if (entry.n === n) entry.at = version;
    this.#showTouched(this.#forgetSettled());
  }

  /** The server has refused the message: nothing of it holds. @param {number} n */
  refuse(n) {
    this.#showTouched(this.#drop((entry) => entry.n === n));
  }

  /** @param {(entry: {effect: Effect, n: number, at: number}) => boolean} isGone @returns {Effect[]} those gone */
  #drop(isGone) {
    const gone = this.#pending.filter(isGone);
    if (gone.length) this.#pending = this.#pending.filter((entry) => !gone.includes(entry));
    return gone.map(({ effect }) => effect);
  }

  #forgetSettled() {
    return this.#drop(({ at }) => at >= 0 && at <= this.version);
  }

  /** @param {Effect[]} effects */
  #showTouched(effects) {
    if (effects.length) this.#show(new Set(effects.flatMap((effect) => touched(effect) ?? [])));
  }

  #showAll() {
    this.shown = new Map(this.#confirmed);
    for (const { effect, z } of this.#pending) apply(this.shown, effect, "", z);
    this.changed(null);
  }

  /** @param {Set<string>} ids */
  #show(ids) {
    for (const id of ids) {
      const element = this.#seen(id);
      if (element) this.shown.set(id, element);
      else this.shown.delete(id);
    }
    if (ids.size) this.changed(ids);
  }

  /** What is confirmed of one element with all that is pending. @param {string} id */
  #seen(id) {
    const confirmed = this.#confirmed.get(id);
    /** @type {Map<string, Element>} */ const alone = new Map(confirmed ? [[id, confirmed]] : []);
    for (const { effect, z } of this.#pending) {
      if (touched(effect)?.includes(id)) apply(alone, effect, "", z);
    }
    return alone.get(id);
  }
}

/**
 * Returns a word that is the same for the same elements, whatever way they came.
 * @param {Iterable<Element>} elements
 */
export function digest(elements) {
  let sum = 0;
  for (const element of elements) sum = (sum + hashOf(element)) >>> 0;
  return sum.toString(16);
}

/** @type {WeakMap<Element, number>} an element is never changed, only replaced */ const hashes = new WeakMap();

/** @param {Element} element */
function hashOf(element) {
  const known = hashes.get(element);
  if (known !== undefined) return known;
  const entries = Object.entries(element).sort(([a], [b]) => (a < b ? -1 : 1));
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(entries)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  hashes.set(element, hash);
  return hash;
}
