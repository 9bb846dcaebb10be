/** A sheet's server for tests, as `classroom/core/board.py` and `services/sheets.py` have it: one order for all. */

import { apply, touched } from "../../../static/js/room/state/sheet.js";

/**
 * @typedef {import("../../../static/js/room/state/sheet.js").Element} Element
 * @typedef {import("../../../static/js/room/state/sheet.js").Effect} Effect
 */

export class SheetServer {
  version = 0;
  /** @type {Map<string, Element>} */ elements = new Map();
  /** @type {Map<string, {element: Element, by: string}>} */ removed = new Map();
  /** @type {{from: number, batches: any[]}[]} */ events = [];

  /**
   * Takes a message; returns the version with it, or null where it is refused.
   * @param {{by: string, isStaff?: boolean, client: string, n: number, ops: any[]}} message
   */
  take({ by, isStaff = false, client, n, ops }) {
    const before = [this.version, new Map(this.elements), new Map(this.removed)];
    /** @type {Effect[]} */ const effects = [];
    const from = this.version;
    for (const op of ops) {
      const effect = this.#decide(op, by, isStaff);
      if (effect === "refused") {
        [this.version, this.elements, this.removed] = /** @type {any} */ (before);
        return null;
      }
      if (effect) effects.push(this.#apply(effect, by));
    }
    if (effects.length) this.#tell(from, { by, client, n, ops: effects });
    return this.version;
  }

  /** Removes all. @param {string} by */
  clear(by) {
    const from = this.version;
    const version = this.version + 1;
    for (const [id, element] of this.elements) this.removed.set(id, { element, by });
    this.elements = new Map();
    this.version = version;
    this.#tell(from, { by, client: "", n: 0, ops: [{ do: "clear" }] });
  }

  /** What a page gets that asks. @param {number} [since] */
  content(since) {
    const { version } = this;
    const missed = this.events.filter(({ from }) => since !== undefined && from >= since);
    const isKnown = since === version || (since !== undefined && missed[0]?.from === since);
    if (isKnown) return { version, from: since, batches: missed.flatMap(({ batches }) => batches) };
    return { version, elements: [...this.elements.values()] };
  }

  /** @param {number} from @param {any} batch */
  #tell(from, batch) {
    this.events.push(JSON.parse(JSON.stringify({ from, batches: [batch] })));
  }

  /** @param {Effect} effect @param {string} by */
  #apply(effect, by) {
    this.version += 1;
    const about = touched(effect) ?? [];
    if (effect.do === "remove") {
      for (const id of about) this.removed.set(id, { element: /** @type {Element} */ (this.elements.get(id)), by });
    }
    if (effect.do === "restore") for (const id of about) this.removed.delete(id);
    apply(this.elements, effect, by, this.version);
    return effect;
  }

  /** @param {any} op @param {string} by @param {boolean} isStaff @returns {Effect | null | "refused"} */
  #decide(op, by, isStaff) {
    const isOwn = (/** @type {string} */ id) => isStaff || this.elements.get(id)?.by === by;
    if (op.do === "add") {
      const known = this.elements.get(op.element.id) ?? this.removed.get(op.element.id)?.element;
      return known ? (known.by === by ? null : "refused") : op;
    }
    if (op.do === "append") {
      const element = this.elements.get(op.id);
      const there = element?.points?.length ?? 0;
      if (!element || op.at < there) return null;
      return element.by === by && op.at === there && there ? op : "refused";
    }
    const ids = (op.ids ?? Object.keys(op.changes)).filter((/** @type {string} */ id) => op.do === "restore" || this.elements.has(id));
    if (op.do === "restore") return this.#restore(ids, by, isStaff);
    if (!ids.every(isOwn)) return "refused";
    if (!ids.length) return null;
    if (op.do === "remove") return { do: "remove", ids };
    return { do: "set", changes: Object.fromEntries(ids.map((/** @type {string} */ id) => [id, op.changes[id]])) };
  }

  /** @param {string[]} ids @param {string} by @param {boolean} isStaff @returns {Effect | null | "refused"} */
  #restore(ids, by, isStaff) {
    const found = ids.flatMap((id) => this.removed.get(id) ?? []);
    if (!isStaff && found.some((one) => one.by !== by || one.element.by !== by)) return "refused";
    return found.length ? { do: "restore", elements: found.map(({ element }) => element) } : null;
  }
}
