import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { initialState } from "../../../../static/js/room/state.js";
import { layout } from "../../../../static/js/room/state/layout.js";

/** @typedef {import("../../../../static/js/room/state.js").RoomState} RoomState */

/**
 * A student's page that watches a live lesson.
 * @param {Partial<RoomState>} [change]
 * @param {string[]} [sources] of the stage
 * @returns {RoomState}
 */
function watching(change = {}, sources = ["camera"]) {
  return {
    ...initialState({ client: "page", role: "student" }),
    lesson: { phase: "live", title: "", course: "", starts_at: "", ends_at: "" },
    joined: true,
    stage: { holder: { id: "t", name: "Ada" }, client: "hers", sources },
    ...change,
  };
}

const BOTH = ["camera", "screen"];

/** @param {string} main */
function shown(main) {
  return { settings: { ...watching().settings, main } };
}

describe("layout", () => {
  test("a camera alone is large", () => {
    assert.deepEqual(layout(watching()), { main: "camera", strip: [], person: "", isForAll: false });
  });

  test("a shared screen is large and the camera small", () => {
    const { main, strip } = layout(watching({}, BOTH));
    assert.deepEqual([main, strip], ["screen", ["camera"]]);
  });

  test("what a person has pinned is large for them", () => {
    assert.equal(layout(watching({ pin: "camera" }, BOTH)).main, "camera");
  });

  test("what a teacher shows to all goes before what a person has pinned", () => {
    const { main, isForAll } = layout(watching({ ...shown("camera"), pin: "screen" }, BOTH));
    assert.deepEqual([main, isForAll], ["camera", true]);
  });

  test("what is not there leaves it to each", () => {
    const { main, isForAll } = layout(watching({ ...shown("board"), pin: "camera" }, BOTH));
    assert.deepEqual([main, isForAll], ["camera", false]);
  });

  test("a pin whose surface has gone falls back to the natural order", () => {
    assert.equal(layout(watching({ pin: "screen" })).main, "camera");
  });

  test("the person who holds the stage is shown by the camera", () => {
    const { main, person } = layout(watching(shown("person:t"), BOTH));
    assert.deepEqual([main, person], ["camera", "t"]);
  });

  test("before going live there is nothing but the own camera", () => {
    const state = { ...watching({ mayPublish: true, joined: false, role: "teacher" }), mySources: BOTH };
    assert.deepEqual(layout(state).strip, []);
  });
});
