import assert from "node:assert/strict";
import { test } from "node:test";

import { CHIME, lengthOf, loudest } from "../../../../static/js/room/timer/chime.js";

test("the sound is short and soft, also where its notes overlap", () => {
  assert.ok(lengthOf(CHIME) <= 3, String(lengthOf(CHIME)));
  assert.ok(loudest(CHIME) <= 0.5, String(loudest(CHIME)));
});

test("notes that sound together are as loud as their sum", () => {
  const note = { frequency: 440, lasts: 1, volume: 0.25 };
  assert.equal(loudest([{ ...note, at: 0 }, { ...note, at: 1 }]), 0.25);
  assert.equal(loudest([{ ...note, at: 0 }, { ...note, at: 0.5 }]), 0.5);
  assert.equal(lengthOf([{ ...note, at: 0 }, { ...note, at: 0.5 }]), 1.5);
});
