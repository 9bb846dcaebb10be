import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { initialBoard, mayDraw, reduceBoard } from "../../../../static/js/room/state/board.js";

const SECTION = { open: true, sheet: "s1", sheets: [{ id: "s1", background: "grid" }] };
const READ = { isOpen: true, sheet: "s1", sheets: [{ id: "s1", background: "grid" }] };

describe("the board's state", () => {
  test("is what the web tier says, and none in the lobby", () => {
    assert.deepEqual(reduceBoard(initialBoard, { type: "room.snapshot", body: { board: SECTION } }), READ);
    assert.deepEqual(reduceBoard(initialBoard, { type: "board.changed", body: SECTION }), READ);
    const board = reduceBoard(initialBoard, { type: "board.changed", body: SECTION });
    assert.equal(reduceBoard(board, { type: "roster.changed", body: {} }), board);
    assert.deepEqual(reduceBoard(board, { type: "room.snapshot", body: {} }), initialBoard);
  });
});

describe("who may draw", () => {
  /** @param {object} change */
  const state = (change) =>
    /** @type {any} */ ({
      myId: "me",
      mayPublish: false,
      lesson: { phase: "live" },
      failure: "",
      settings: { board: "floor", is_supervised: true },
      floor: { turns: [] },
      ...change,
    });
  const turn = (/** @type {object} */ more) => ({ turns: [{ person: "me", kind: "floor", is_accepted: true, ...more }] });

  test("staff always, students as the teacher says", () => {
    assert.ok(mayDraw(state({ mayPublish: true, lesson: { phase: "lobby" } })));
    assert.ok(!mayDraw(state({})));
    assert.ok(mayDraw(state({ settings: { board: "everybody", is_supervised: true } })));
    assert.ok(!mayDraw(state({ settings: { board: "nobody", is_supervised: true }, floor: turn({}) })));
  });

  test("who has accepted the floor or a seat, and no other place", () => {
    assert.ok(mayDraw(state({ floor: turn({}) })));
    assert.ok(mayDraw(state({ floor: turn({ kind: "seat" }) })));
    for (const more of [{ kind: "gallery" }, { is_accepted: false }, { person: "other" }]) {
      assert.ok(!mayDraw(state({ floor: turn(more) })));
    }
  });

  test("no student without a teacher, or in a lesson that isn't live", () => {
    assert.ok(!mayDraw(state({ settings: { board: "everybody", is_supervised: false } })));
    assert.ok(!mayDraw(state({ settings: { board: "everybody", is_supervised: true }, lesson: { phase: "ended" } })));
  });
});
