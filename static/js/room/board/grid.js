/** Finds what lies near a place without looking at everything: each cell knows the elements that reach into it. */

import { overlap } from "./geometry.js";

/** @typedef {import("./geometry.js").Box} Box */

const CELL = 500;
/** What lies outside of this counts to the cells at the edge. */
const FIRST = -16;
const LAST = 80;

/** An index of boxes by id. */
export class Grid {
  /** @type {Map<number, Set<string>>} */ #cells = new Map();
  /** @type {Map<string, Box>} */ #boxes = new Map();

  /** Puts a box in, or in its new place. @param {string} id @param {Box} box */
  set(id, box) {
    this.delete(id);
    this.#boxes.set(id, box);
    for (const cell of cells(box)) {
      const there = this.#cells.get(cell);
      if (there) there.add(id);
      else this.#cells.set(cell, new Set([id]));
    }
  }

  /** @param {string} id */
  delete(id) {
    const box = this.#boxes.get(id);
    if (!box) return;
    this.#boxes.delete(id);
    for (const cell of cells(box)) {
      const there = this.#cells.get(cell);
      there?.delete(id);
      if (!there?.size) this.#cells.delete(cell);
    }
  }

  /** Forgets everything. */
  clear() {
    this.#cells.clear();
    this.#boxes.clear();
  }

  /** Returns what overlaps a box. @param {Box} box @returns {string[]} */
  query(box) {
    /** @type {Set<string>} */ const found = new Set();
    for (const cell of cells(box)) {
      for (const id of this.#cells.get(cell) ?? []) {
        if (!found.has(id) && overlap(/** @type {Box} */ (this.#boxes.get(id)), box)) found.add(id);
      }
    }
    return [...found];
  }
}

/** @param {Box} box */
function* cells({ x, y, width, height }) {
  const [left, top] = [x, y].map(cell);
  const [right, bottom] = [x + width, y + height].map(cell);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) yield row * 1_000 + column;
  }
}

/** @param {number} place */
function cell(place) {
  return Math.max(FIRST, Math.min(LAST, Math.floor(place / CELL)));
}
