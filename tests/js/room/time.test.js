import assert from "node:assert/strict";
import { test } from "node:test";

import { timeTold } from "../../../static/js/room/time.js";

const NOON = "2026-01-05T12:00:00+00:00";

test("what tells the web tier's time is heard, whichever way it is written", () => {
  const noon = Date.parse(NOON);
  assert.equal(timeTold({ type: "room.snapshot", body: { floor: { now: NOON } } }), noon);
  assert.equal(timeTold({ type: "floor.changed", body: { now: NOON } }), noon);
  assert.equal(timeTold({ type: "video.changed", body: { video: { now: noon / 1_000 } } }), noon);
});

test("what tells no time is passed over", () => {
  assert.equal(timeTold({ type: "video.changed", body: { video: null } }), null);
  assert.equal(timeTold({ type: "room.snapshot", body: {} }), null);
  assert.equal(timeTold({ type: "chat.added", body: { now: NOON } }), null);
});
