import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { correction, FAR, isThrough, MAX_CHANGE, NEAR, placeAt, reduceVideo } from "../../../../static/js/room/state/video.js";

/** A film of a minute that has played from second 10 since the web tier's second 1000. */
const PLAYING = { material: "m", name: "film", seconds: 60, is_playing: true, position: 10, at: 1000, now: 1003 };

describe("placeAt", () => {
  test("a film that plays goes on by the web tier's clock, one that pauses does not", () => {
    assert.equal(placeAt(PLAYING, 1005), 15);
    assert.equal(placeAt({ ...PLAYING, is_playing: false }, 1005), 10);
  });

  test("it ends at its end, where that is known", () => {
    assert.equal(placeAt(PLAYING, 2000), 60);
    assert.deepEqual([isThrough(PLAYING, 1049), isThrough(PLAYING, 1050)], [false, true]);
    assert.equal(placeAt({ ...PLAYING, seconds: 0 }, 2000), 1010);
    assert.equal(isThrough({ ...PLAYING, seconds: 0 }, 2000), false);
  });

  test("a clock that is behind does not go to before the beginning", () => {
    assert.equal(placeAt(PLAYING, 990), 10);
  });
});

describe("correction", () => {
  test("who is far off jumps, who is near is left alone", () => {
    assert.deepEqual(correction(10, 10 + FAR + 0.1), { jump: 10 + FAR + 0.1, rate: 1 });
    assert.deepEqual(correction(10, 10 - FAR - 0.1), { jump: 10 - FAR - 0.1, rate: 1 });
    assert.deepEqual(correction(10, 10 + NEAR / 2), { jump: null, rate: 1 });
  });

  test("between these the speed changes, never by more than nobody hears", () => {
    for (let off = -FAR; off <= FAR; off += 0.01) {
      const { jump, rate } = correction(10, 10 + off);
      assert.equal(jump, null);
      assert.ok(Math.abs(rate - 1) <= MAX_CHANGE + 1e-9);
      assert.ok((rate - 1) * off >= 0);
    }
  });

  test("a player that follows it arrives and stays", () => {
    for (const start of [-1.9, -0.5, 0.5, 1.9]) {
      let [place, wanted] = [100 + start, 100];
      for (let tick = 0; tick < 400; tick++) {
        const { jump, rate } = correction(place, wanted);
        place = (jump ?? place) + 0.25 * rate;
        wanted += 0.25;
      }
      assert.ok(Math.abs(place - wanted) <= NEAR, `${start} → ${place - wanted}`);
    }
  });
});

describe("reduceVideo", () => {
  test("snapshot and event say what is played; all else leaves it", () => {
    assert.equal(reduceVideo(null, { type: "video.changed", body: { video: PLAYING } }), PLAYING);
    assert.equal(reduceVideo(PLAYING, { type: "video.changed", body: { video: null } }), null);
    assert.equal(reduceVideo(PLAYING, { type: "room.snapshot", body: {} }), null);
    assert.equal(reduceVideo(PLAYING, { type: "slides.changed", body: {} }), PLAYING);
  });
});
