import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff } from "../../../static/js/lib/backoff.js";

const LIMITS = { first: 300, cap: 3_000 };
const none = () => 0;
const most = () => 1;

test("the wait doubles from try to try, up to the cap", () => {
  const waits = [0, 1, 2, 3, 4, 5].map((attempt) => backoff(attempt, LIMITS, most));
  assert.deepEqual(waits, [300, 600, 1_200, 2_400, 3_000, 3_000]);
});

test("chance spreads it over the upper half and never beyond", () => {
  for (const attempt of [0, 1, 3, 9]) {
    assert.equal(backoff(attempt, LIMITS, none), backoff(attempt, LIMITS, most) / 2);
    const wait = backoff(attempt, LIMITS);
    assert.ok(wait >= backoff(attempt, LIMITS, none) && wait <= backoff(attempt, LIMITS, most));
  }
});

test("after any number of tries the wait is still the cap", () => {
  assert.equal(backoff(5_000, LIMITS, most), 3_000);
});
