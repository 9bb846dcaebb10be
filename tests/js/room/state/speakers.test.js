import assert from "node:assert/strict";
import { test } from "node:test";

import { initialSpeakers, reduceSpeakers } from "../../../../static/js/room/state/speakers.js";

test("who speaks is what was told last, until the room is told anew", () => {
  const two = reduceSpeakers(initialSpeakers, { type: "room.speakers", body: { ids: ["a", "b"] } });
  assert.deepEqual(two, ["a", "b"]);
  assert.equal(reduceSpeakers(two, { type: "roster.changed", body: {} }), two);
  assert.deepEqual(reduceSpeakers(two, { type: "room.snapshot", body: {} }), []);
});
