import assert from "node:assert/strict";
import { test } from "node:test";

import { CHIME, lengthOf } from "../../../../static/js/room/timer/chime.js";

/** How loud notes can be together at most, of 1. @param {import("../../../../static/js/room/timer/chime.js").Note[]} notes */
function loudest(notes) {
  const sounding = (/** @type {number} */ time) => notes.filter(({ at, lasts }) => at <= time && time < at + lasts);
  return Math.max(...notes.map(({ at }) => sounding(at).reduce((sum, { volume }) => sum + volume, 0)));
}

test("the sound is short and soft, also where its notes overlap", () => {
  assert.ok(lengthOf(CHIME) <= 3, String(lengthOf(CHIME)));
  assert.ok(loudest(CHIME) <= 0.5, String(loudest(CHIME)));
});

test("notes last until the last one is over", () => {
  const note = { frequency: 440, lasts: 1, volume: 0.25 };
  assert.equal(lengthOf([{ ...note, at: 0 }, { ...note, at: 0.5 }]), 1.5);
});
