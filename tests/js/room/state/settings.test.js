import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { initialState } from "../../../../static/js/room/state.js";
import { initialSettings, isPaused, reduceSettings } from "../../../../static/js/room/state/settings.js";

/** @param {string} role @param {boolean} is_supervised @param {string} phase */
function room(role, is_supervised, phase) {
  return {
    ...initialState({ client: "page", role }),
    lesson: { phase, title: "", course: "", starts_at: "", ends_at: "" },
    settings: { ...initialSettings, is_supervised },
  };
}

describe("settings", () => {
  test("a change leaves what it does not name", () => {
    const locked = reduceSettings(initialSettings, { type: "room.changed", body: { is_locked: true } });
    assert.deepEqual(locked, { ...initialSettings, is_locked: true });
  });

  test("a message about something else changes nothing", () => {
    assert.equal(reduceSettings(initialSettings, { type: "chat.added", body: {} }), initialSettings);
  });
});

describe("isPaused", () => {
  test("students are paused in a live lesson without a teacher, and nobody else at any other time", () => {
    assert.equal(isPaused(room("student", false, "live")), true);
    assert.equal(isPaused(room("student", true, "live")), false);
    assert.equal(isPaused(room("student", false, "ended")), false);
    assert.equal(isPaused(room("teacher", false, "live")), false);
  });
});
