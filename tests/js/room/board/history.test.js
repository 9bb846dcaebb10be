import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { History } from "../../../../static/js/room/board/history.js";
import { apply } from "../../../../static/js/room/state/sheet.js";

/** @typedef {import("../../../../static/js/room/state/sheet.js").Element} Element */

/** @param {string} id @param {Partial<Element>} [more] @returns {Element} */
function rect(id, more = {}) {
  return { id, type: "rect", color: 0, size: 60, box: [0, 0, 9, 9], by: "me", z: 1, ...more };
}

/** What is shown, and what is done to it. @param {Element[]} elements */
function sheet(...elements) {
  const shown = new Map(elements.map((element) => [element.id, element]));
  return {
    shown,
    /** @param {any} effect */
    perform(effect) {
      assert.ok(effect);
      apply(shown, effect, "me", 9);
    },
  };
}

describe("history", () => {
  test("takes back what one has drawn, and draws it again as it was", () => {
    const { shown, perform } = sheet(rect("one1"), rect("two2"));
    const history = new History();
    history.note({ kind: "add", elements: [rect("one1")] });
    perform(history.undo(shown));
    assert.deepEqual([...shown.keys()], ["two2"]);
    assert.ok(!history.canUndo && history.canRedo);
    perform(history.redo(shown));
    assert.deepEqual(shown.get("one1"), rect("one1"));
  });

  test("brings back what one has removed", () => {
    const { shown, perform } = sheet();
    const history = new History();
    history.note({ kind: "remove", elements: [rect("one1"), rect("two2")] });
    perform(history.undo(shown));
    assert.equal(shown.size, 2);
    perform(history.redo(shown));
    assert.equal(shown.size, 0);
  });

  test("puts back what one has changed, but nothing that somebody else has changed since", () => {
    const { shown, perform } = sheet(rect("one1", { color: 5 }), rect("two2", { color: 5 }));
    const history = new History();
    const colors = (/** @type {number} */ color) => ({ one1: { color }, two2: { color } });
    history.note({ kind: "set", before: colors(0), after: colors(5) });
    shown.set("two2", rect("two2", { color: 7 }));
    perform(history.undo(shown));
    assert.deepEqual([...shown.values()].map(({ color }) => color), [0, 7]);
    perform(history.redo(shown));
    assert.deepEqual([...shown.values()].map(({ color }) => color), [5, 7]);
  });

  test("passes over what is gone to the act before it", () => {
    const { shown, perform } = sheet(rect("one1"));
    const history = new History();
    history.note({ kind: "add", elements: [rect("one1")] });
    history.note({ kind: "add", elements: [rect("gone")] });
    history.note({ kind: "set", before: { gone: { color: 1 } }, after: { gone: { color: 2 } } });
    perform(history.undo(shown));
    assert.equal(shown.size, 0);
    assert.equal(history.undo(shown), null);
  });

  test("forgets what was taken back once something new is done", () => {
    const { shown } = sheet(rect("one1"));
    const history = new History();
    history.note({ kind: "add", elements: [rect("one1")] });
    history.undo(shown);
    history.note({ kind: "add", elements: [rect("two2")] });
    assert.ok(!history.canRedo);
  });

  test("names the version at which a sheet was cleared", () => {
    const history = new History();
    history.note({ kind: "clear", version: 7 });
    assert.deepEqual(history.undo(new Map()), { cleared: 7 });
    assert.ok(!history.canRedo);
  });

  test("remembers only so much", () => {
    const history = new History();
    for (let n = 0; n < 300; n++) history.note({ kind: "add", elements: [rect(`id-${n}`)] });
    const shown = new Map([rect("id-99"), rect("id-299")].map((element) => [element.id, element]));
    assert.deepEqual(history.undo(shown), { do: "remove", ids: ["id-299"] });
    shown.delete("id-299");
    assert.equal(history.undo(shown), null);
  });
});
