import assert from "node:assert/strict";
import { test } from "node:test";

import { initialSpeakers, reduceSpeakers } from "../../../../static/js/room/state/speakers.js";

test("who speaks is what was told last, until nobody is heard or the room is told anew", () => {
  const two = reduceSpeakers(initialSpeakers, { type: "room.speakers", body: { ids: ["a", "b"] } });
  assert.deepEqual(two, ["a", "b"]);
  assert.equal(reduceSpeakers(two, { type: "roster.changed", body: {} }), two);
  assert.deepEqual(reduceSpeakers(two, { type: "room.snapshot", body: {} }), []);
  assert.deepEqual(reduceSpeakers(two, { type: "lesson.changed", body: { phase: "ended" } }), []);
  assert.deepEqual(reduceSpeakers(two, { type: "media.changed", body: { state: "lost" } }), []);
  assert.equal(reduceSpeakers(two, { type: "media.changed", body: { state: "ready" } }), two);
});
