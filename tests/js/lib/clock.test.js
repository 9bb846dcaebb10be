import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";

import { now, setClock, timeUntil } from "../../../static/js/lib/clock.js";

const NOON = "2026-01-05T12:00:00Z";

afterEach(() => setClock(NOON, Date.parse(NOON)));

describe("the web tier's clock", () => {
  test("a computer's clock that is ahead makes no difference", () => {
    setClock(NOON, Date.parse(NOON) + 90_000);
    assert.ok(Math.abs(Date.now() - 90_000 - now()) < 50);
  });

  test("without a time of the web tier's the computer's is taken", () => {
    setClock("", 5);
    assert.ok(Math.abs(Date.now() - now()) < 50);
  });
});

describe("timeUntil", () => {
  const ahead = (/** @type {number} */ seconds) => timeUntil(NOON, Date.parse(NOON) - seconds * 1000);

  test("says minutes and seconds, and hours where there are any", () => {
    assert.deepEqual([5, 65, 600, 3725].map(ahead), ["0:05", "1:05", "10:00", "1:02:05"]);
  });

  test("a second that has begun counts whole", () => {
    assert.equal(ahead(0.2), "0:01");
  });

  test("never goes below nothing", () => {
    assert.equal(ahead(-30), "0:00");
  });
});
