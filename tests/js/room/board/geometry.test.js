import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  around,
  between,
  boundsOf,
  encode,
  frameOf,
  meets,
  pointsOf,
  refit,
} from "../../../../static/js/room/board/geometry.js";
import { Grid } from "../../../../static/js/room/board/grid.js";
import { pull } from "../../../../static/js/room/board/selection.js";
import { fit, pan, toSheet, zoom } from "../../../../static/js/room/board/viewport.js";

/** @typedef {import("../../../../static/js/room/state/sheet.js").Element} Element */

/** @param {Partial<Element>} fields @returns {Element} */
function element(fields) {
  return { id: "one1", type: "rect", color: 0, size: 60, by: "", z: 1, ...fields };
}

describe("a stroke", () => {
  test("comes back from what is sent as it was drawn", () => {
    /** @type {[number, number, number][]} */
    const points = [[10.4, 20, 0.5], [15, 18.6, 1.4], [40_000, -5, -1]];
    const ink = element({ type: "ink", points: [encode(points), encode([[1, 2, 0.25]])] });
    assert.deepEqual(pointsOf(ink), [[10, 20, 0.5], [15, 19, 1], [32_000, -5, 0], [1, 2, 0.25]]);
  });

  test("moves and stretches with the box around it", () => {
    const ink = element({ type: "ink", points: [[100, 100, 50, 100, 50, 50]] });
    const from = frameOf(ink);
    const to = { x: 1_000, y: 0, width: 300, height: 50 };
    const moved = { ...ink, ...refit(ink, from, to) };
    assert.deepEqual(frameOf(moved), to);
    const back = { ...moved, ...refit(moved, to, from) };
    assert.deepEqual(frameOf(back), from);
  });
});

describe("an element", () => {
  test("is met on its line and not within it", () => {
    const shapes = [
      element({ type: "rect", box: [0, 0, 1_000, 1_000] }),
      element({ type: "ellipse", box: [0, 0, 1_000, 1_000] }),
    ];
    for (const shape of shapes) {
      assert.ok(meets(shape, 0, 500, 10));
      assert.ok(meets(shape, 500, 1_020, 10));
      assert.ok(!meets(shape, 500, 500, 10));
    }
    assert.ok(meets(element({ type: "line", box: [0, 0, 1_000, 1_000] }), 500, 520, 10));
    assert.ok(!meets(element({ type: "line", box: [0, 0, 1_000, 1_000] }), 500, 800, 10));
    assert.ok(meets(element({ type: "note", box: [0, 0, 1_000, 1_000], text: "x" }), 500, 500, 0));
    assert.ok(meets(element({ type: "ink", points: [[5, 5, 50]] }), 10, 10, 5));
  });

  test("lies within its bounds, whichever way it was drawn", () => {
    const line = element({ type: "line", box: [500, 400, 100, 0], size: 40 });
    assert.deepEqual(frameOf(line), { x: 100, y: 0, width: 400, height: 400 });
    const { x, y, width, height } = boundsOf(line);
    assert.ok(x <= 80 && y <= -20 && x + width >= 520 && y + height >= 420);
    assert.deepEqual(between([500, 400], [100, 0]), [100, 0, 400, 400]);
  });

  test("keeps its place in a box that is pulled by a corner", () => {
    const box = { x: 100, y: 100, width: 200, height: 100 };
    assert.deepEqual(pull(box, "se", 100, 50, false), { x: 100, y: 100, width: 300, height: 150 });
    assert.deepEqual(pull(box, "nw", 100, 0, false), { x: 200, y: 100, width: 100, height: 100 });
    assert.deepEqual(pull(box, "nw", 1_000, 1_000, false), { x: 220, y: 120, width: 80, height: 80 });
    assert.deepEqual(pull(box, "se", 200, 0, true), { x: 100, y: 100, width: 400, height: 200 });
    const text = element({ type: "text", box: [0, 0, 100, 50], size: 40, text: "x" });
    const whole = { x: 0, y: 0, width: 100, height: 50 };
    assert.deepEqual(refit(text, whole, { ...whole, width: 200, height: 100 }), { box: [0, 0, 200, 100], size: 80 });
  });
});

describe("a grid", () => {
  test("finds what looking at everything finds, whatever was moved and removed", () => {
    const grid = new Grid();
    /** @type {Map<string, import("../../../../static/js/room/board/geometry.js").Box>} */ const all = new Map();
    let state = 7;
    const next = (/** @type {number} */ most) => (state = (state * 48_271) % 2_147_483_647) % most;
    for (let step = 0; step < 3_000; step++) {
      const id = `id-${next(200)}`;
      const box = { x: next(20_000) - 2_000, y: next(12_000) - 1_000, width: next(3_000), height: next(2_000) };
      if (next(5) === 0) {
        grid.delete(id);
        all.delete(id);
      } else {
        grid.set(id, box);
        all.set(id, box);
      }
      if (step % 50) continue;
      const wanted = [...all].filter(([, { x, y, width, height }]) =>
        x <= box.x + box.width && box.x <= x + width && y <= box.y + box.height && box.y <= y + height,
      );
      assert.deepEqual(grid.query(box).sort(), wanted.map(([name]) => name).sort());
    }
  });
});

describe("a view", () => {
  const host = { width: 800, height: 800 };
  const sheet = { width: 16_000, height: 9_000 };

  test("shows the whole sheet in the middle", () => {
    assert.deepEqual(fit(host, sheet), { scale: 0.05, x: 0, y: 175 });
  });

  test("keeps the place under the pointer when it is zoomed", () => {
    const view = fit(host, sheet);
    const about = { x: 300, y: 400 };
    const zoomed = zoom(view, 3, about, host, sheet);
    const [before, after] = [view, zoomed].map((one) => toSheet(one, about.x, about.y));
    assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-6);
  });

  test("can be neither zoomed nor moved out of all bounds", () => {
    const view = fit(host, sheet);
    assert.equal(zoom(view, 1e6, { x: 0, y: 0 }, host, sheet).scale, view.scale * 12);
    assert.equal(zoom(view, 1e-6, { x: 0, y: 0 }, host, sheet).scale, view.scale / 2);
    const far = pan(view, 1e6, -1e6, host, sheet);
    assert.ok(far.x < host.width && far.y + sheet.height * far.scale > 0);
  });
});

test("around nothing there is nothing", () => {
  assert.deepEqual(around([]), { x: 0, y: 0, width: 0, height: 0 });
});
