import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";

import { forgetTime, hearTime, now, timeUntil } from "../../../static/js/lib/clock.js";

const NOON = "2026-01-05T12:00:00Z";

afterEach(forgetTime);

describe("the web tier's clock", () => {
  const isNear = (/** @type {number} */ time) => assert.ok(Math.abs(time - now()) < 50, `${time - now()} ms`);

  test("a computer's clock that is ahead makes no difference", () => {
    hearTime(Date.parse(NOON), Date.parse(NOON) + 90_000);
    isNear(Date.now() - 90_000);
  });

  test("the quickest of the last messages tells the time best", () => {
    for (const delay of [400, 20, 900]) hearTime(1_000_000, 1_000_000 + delay);
    isNear(Date.now() - 20);
  });

  test("what was quick long ago counts no more", () => {
    hearTime(0, 0);
    for (let second = 1; second <= 8; second++) hearTime(second * 1_000, second * 1_000 + 500);
    isNear(Date.now() - 500);
  });

  test("without a time of the web tier's, or after forgetting it, the computer's is taken", () => {
    hearTime(NaN, 5);
    isNear(Date.now());
    hearTime(0, 90_000);
    forgetTime();
    isNear(Date.now());
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
