/**
 * What a person can undo and do again on a sheet: one's own acts alone, made of ordinary effects. What somebody else
 * has changed since stays as they left it.
 *
 * @typedef {import("../state/sheet.js").Element} Element
 * @typedef {import("../state/sheet.js").Effect} Effect
 * @typedef {import("../state/sheet.js").Changes} Changes
 * @typedef {{kind: "add" | "remove", elements: Element[]} | {kind: "set", before: Changes, after: Changes}
 *   | {kind: "clear", version: number}} Act
 */

const MAX_ACTS = 200;

/** Remembers acts; `undo` and `redo` return the effect to perform. */
export class History {
  /** @type {Act[]} */ #done = [];
  /** @type {Act[]} */ #undone = [];

  /** @param {Act} act what has just been done: the elements as they are with it */
  note(act) {
    this.#done.push(act);
    if (this.#done.length > MAX_ACTS) this.#done.shift();
    this.#undone = [];
  }

  /** Whether there is anything to undo. */
  get canUndo() {
    return this.#done.length > 0;
  }

  /** Whether there is anything to do again. */
  get canRedo() {
    return this.#undone.length > 0;
  }

  /**
   * Returns what takes the newest act back that can be taken back; a cleared sheet's version for the server to do it.
   * @param {Map<string, Element>} shown
   * @returns {Effect | {cleared: number} | null}
   */
  undo(shown) {
    return this.#step(this.#done, this.#undone, shown, true);
  }

  /** @param {Map<string, Element>} shown @returns {Effect | {cleared: number} | null} */
  redo(shown) {
    return this.#step(this.#undone, this.#done, shown, false);
  }

  /**
   * @param {Act[]} from
   * @param {Act[]} to
   * @param {Map<string, Element>} shown
   * @param {boolean} isUndo
   */
  #step(from, to, shown, isUndo) {
    for (let act = from.pop(); act; act = from.pop()) {
      const turned = turn(act, shown, isUndo);
      if (!turned) continue;
      if (turned.act) to.push(turned.act);
      return turned.effect;
    }
    return null;
  }
}

/**
 * @param {Act} act
 * @param {Map<string, Element>} shown
 * @param {boolean} isUndo
 * @returns {{effect: Effect | {cleared: number}, act: Act | null} | null} null where nothing is left to turn
 */
function turn(act, shown, isUndo) {
  if (act.kind === "clear") return { effect: { cleared: act.version }, act: null };
  if (act.kind === "set") return turnSet(act, shown, isUndo);
  const isThere = (act.kind === "add") === isUndo;
  const ids = act.elements.map(({ id }) => id);
  if (isThere) {
    const elements = ids.flatMap((id) => shown.get(id) ?? []);
    const effect = /** @type {Effect} */ ({ do: "remove", ids: elements.map(({ id }) => id) });
    return elements.length ? { effect, act: { ...act, elements } } : null;
  }
  const elements = act.elements.filter(({ id }) => !shown.has(id));
  return elements.length ? { effect: { do: "restore", elements }, act } : null;
}

/** @param {Act & {kind: "set"}} act @param {Map<string, Element>} shown @param {boolean} isUndo */
function turnSet(act, shown, isUndo) {
  const [now, wanted] = isUndo ? [act.after, act.before] : [act.before, act.after];
  /** @type {Changes} */ const changes = {};
  for (const [id, fields] of Object.entries(wanted)) {
    const element = /** @type {Record<string, unknown> | undefined} */ (shown.get(id));
    const left = Object.entries(fields).filter(([name]) => element && same(element[name], field(now, id, name)));
    if (left.length) changes[id] = Object.fromEntries(left);
  }
  return Object.keys(changes).length ? { effect: /** @type {Effect} */ ({ do: "set", changes }), act } : null;
}

/** @param {Changes} changes @param {string} id @param {string} name */
function field(changes, id, name) {
  return /** @type {Record<string, unknown>} */ (changes[id] ?? {})[name];
}

/** @param {unknown} a @param {unknown} b */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
