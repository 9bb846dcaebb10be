import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Paper } from "../../../../static/js/room/board/paper.js";

/** @typedef {import("../../../../static/js/room/state/sheet.js").Element} Element */

const MANY = 10_000;
const SHEET = { height: 9_000, background: "plain", picture: null };

/** A canvas that only counts how many elements are drawn on it, and on those that are copied to it. */
class FakeCanvas {
  width = 1600;
  height = 900;
  style = { transform: "" };
  strokes = 0;

  getContext() {
    const nothing = () => {};
    const known = { stroke: () => this.strokes++, drawImage: (/** @type {FakeCanvas} */ other) => (this.strokes += other.strokes ?? 0) };
    return new Proxy({}, { get: (_, name) => known[/** @type {keyof typeof known} */ (name)] ?? nothing, set: () => true });
  }
}

/** A paper of the page, with how much it has drawn since the last look. @param {import("node:test").TestContext} t */
function paper(t) {
  Object.assign(globalThis, {
    Path2D: class { moveTo() {} lineTo() {} rect() {} },
    document: { createElement: () => new FakeCanvas() },
  });
  t.after(() => Object.assign(globalThis, { Path2D: undefined, document: undefined }));
  const canvas = new FakeCanvas();
  const made = new Paper(/** @type {any} */ (canvas), () => SHEET);
  made.resize({ width: 1600, height: 900 }, 1);
  made.look({ scale: 0.1, x: 0, y: 0 });
  const drawn = () => {
    canvas.strokes = 0;
    while (made.frame());
    return canvas.strokes;
  };
  drawn();
  return { paper: made, drawn, canvas };
}

/** Small boxes all over the sheet, so that some of them overlap. @param {number} n @param {Partial<Element>} [more] @returns {Element} */
function box(n, more = {}) {
  const [x, y] = [(n * 7_919) % 15_500, (n * 104_729) % 8_500];
  return { id: `id-${n}`, type: "rect", color: 0, size: 40, box: [x, y, 300, 200], by: "", z: n, ...more };
}

describe("a paper with ten thousand elements", () => {
  const all = Array.from({ length: MANY }, (_, n) => box(n));

  test("draws one more as quickly as the first", (t) => {
    const { paper: first, canvas, drawn } = paper(t);
    canvas.strokes = 0;
    first.set(box(MANY));
    assert.equal(canvas.strokes, 1);
    first.setAll(all);
    assert.equal(drawn(), MANY);
    canvas.strokes = 0;
    first.set(box(MANY));
    assert.equal(canvas.strokes, 1);
    assert.equal(drawn(), 0);
  });

  test("draws only what lies near where something is removed or changed", (t) => {
    const { paper: full, drawn } = paper(t);
    full.setAll(all);
    drawn();
    full.delete("id-500");
    assert.ok(drawn() < MANY / 50);
    full.set(box(501, { color: 3 }));
    assert.ok(drawn() < MANY / 50);
  });

  test("draws nothing anew when what it shows is confirmed", (t) => {
    const { paper: full, drawn } = paper(t);
    full.setAll(all);
    full.set(box(MANY, { z: 2 ** 52 }));
    drawn();
    full.set(box(MANY, { z: MANY, by: "me" }));
    assert.equal(drawn(), 0);
  });

  test("draws what was confirmed below another one beneath it", (t) => {
    const { paper: full, drawn } = paper(t);
    full.set(box(1, { z: 2 ** 52 }));
    full.set(box(1, { id: "theirs", z: 8 }));
    drawn();
    full.set(box(1, { z: 7 }));
    assert.equal(drawn(), 2);
  });

  test("stretches what it has while one zooms, and draws in slices after that", (t) => {
    const { paper: full, canvas, drawn } = paper(t);
    full.setAll(all);
    drawn();
    full.look({ scale: 0.2, x: 0, y: 0 });
    assert.match(canvas.style.transform, /scale\(2\)/);
    const seen = drawn();
    assert.ok(seen > 0 && seen < MANY / 2);
    assert.equal(canvas.style.transform, "");
  });
});
