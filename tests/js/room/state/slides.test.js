import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { initialSlides, isAstray, pageSeen, reduceSlides, turnTo } from "../../../../static/js/room/state/slides.js";

/** @typedef {import("../../../../static/js/room/state/slides.js").Slides} Slides */

/** What the web tier says is shown. */
function told(page = 1, material = "m") {
  return { material, name: "Optics.pdf", pages: 9, page, sheets: {} };
}

/** Slides after an event. @param {Slides} slides @param {object | null} shown */
function changed(slides, shown) {
  return reduceSlides(slides, { type: "slides.changed", body: { slides: shown } });
}

describe("slides", () => {
  test("all see the page that is shown, and nothing when there is none", () => {
    assert.equal(pageSeen(initialSlides), 0);
    const shown = changed(initialSlides, told(4));
    assert.equal(pageSeen(shown), 4);
    assert.equal(pageSeen(changed(shown, null)), 0);
    assert.equal(pageSeen(reduceSlides(shown, { type: "room.snapshot", body: { slides: told(5) } })), 5);
    assert.equal(pageSeen(reduceSlides(shown, { type: "room.snapshot", body: {} })), 0);
    assert.equal(reduceSlides(shown, { type: "chat.message", body: {} }), shown);
  });

  test("a student looks back, stays there while pages are turned, and is back when both meet", () => {
    const back = turnTo(changed(initialSlides, told(4)), 2, false);
    assert.deepEqual([pageSeen(back), isAstray(back)], [2, true]);
    const later = changed(back, told(5));
    assert.deepEqual([pageSeen(later), isAstray(later)], [2, true]);
    const met = changed(later, told(2));
    assert.deepEqual([pageSeen(met), isAstray(met)], [2, false]);
    assert.equal(pageSeen(changed(met, told(3))), 3);
  });

  test("a student does not look ahead, a teacher goes anywhere there is a page", () => {
    const shown = changed(initialSlides, told(4));
    assert.equal(pageSeen(turnTo(shown, 5, false)), 4);
    assert.equal(pageSeen(turnTo(shown, 0, false)), 1);
    assert.equal(pageSeen(turnTo(shown, 8, true)), 8);
    assert.equal(pageSeen(turnTo(shown, 99, true)), 9);
    assert.equal(turnTo(initialSlides, 3, true), initialSlides);
  });

  test("other slides begin where they are shown", () => {
    const back = turnTo(changed(initialSlides, told(4)), 2, false);
    assert.deepEqual([pageSeen(changed(back, told(7, "other"))), isAstray(changed(back, told(7, "other")))], [7, false]);
  });
});
