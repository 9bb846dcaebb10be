import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { initialSettings, reduceSettings } from "../../../../static/js/room/state/settings.js";

describe("settings", () => {
  test("a change leaves what it does not name", () => {
    const locked = reduceSettings(initialSettings, { type: "room.changed", body: { is_locked: true } });
    assert.deepEqual(locked, { ...initialSettings, is_locked: true });
  });

  test("a message about something else changes nothing", () => {
    assert.equal(reduceSettings(initialSettings, { type: "chat.added", body: {} }), initialSettings);
  });
});
