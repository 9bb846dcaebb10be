import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Emitter } from "../../../../static/js/lib/emitter.js";
import { Following } from "../../../../static/js/room/board/following.js";
import { fit, showPart } from "../../../../static/js/room/board/viewport.js";

const PART = { x: 4000, y: 3000, width: 2000, height: 1000 };
const ELSEWHERE = { x: 9000, y: 3000, width: 500, height: 500 };

class FakeDesk extends Emitter {
  sheetId = "";
  isFitted = true;
  part = { x: 0, y: 0, width: 0, height: 0 };

  /** @param {string} id */
  turnTo(id) {
    this.sheetId = id;
    this.fit();
    this.emit("sheet");
  }

  fit() {
    this.isFitted = true;
    this.emit("view");
  }

  /** @param {typeof PART} part */
  showPart(part) {
    this.isFitted = false;
    this.part = part;
    this.emit("view");
  }

  /** The person zooms. @param {typeof PART} part */
  move(part) {
    this.showPart(part);
    this.emit("moved");
  }
}

/** @param {boolean} isLeading */
function mount(isLeading) {
  const desk = new FakeDesk();
  /** @type {import("../../../../static/js/room/board/following.js").Look[]} */ const told = [];
  /** @type {boolean[]} */ const away = [];
  const following = new Following(/** @type {any} */ (desk), {
    isLeading: () => isLeading,
    tell: (look) => told.push(look),
    changed: (isAway) => away.push(isAway),
  });
  desk.turnTo("one");
  return { desk, following, told, away };
}

describe("whoever leads", () => {
  test("tells where they look once for many moves, and again for those who come", ({ mock }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { desk, told } = mount(true);
    mock.timers.tick(100);
    assert.deepEqual(told, [{ sheet: "one", part: null }]);
    for (let time = 0; time < 5; time++) desk.move(PART);
    mock.timers.tick(100);
    assert.deepEqual(told.slice(1), [{ sheet: "one", part: PART }]);
    mock.timers.tick(3_000);
    assert.equal(told.length, 3);
    desk.fit();
    mock.timers.tick(60_000);
    assert.deepEqual(told.slice(3), [{ sheet: "one", part: null }]);
  });

  test("is led nowhere by a colleague", () => {
    const { desk, following } = mount(true);
    following.take({ sheet: "one", part: PART });
    assert.ok(desk.isFitted);
  });
});

describe("whoever follows", () => {
  test("sees what the teacher sees, and tells nobody", ({ mock }) => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { desk, following, told, away } = mount(false);
    following.take({ sheet: "one", part: PART });
    assert.deepEqual(desk.part, PART);
    following.take({ sheet: "one", part: null });
    assert.ok(desk.isFitted);
    mock.timers.tick(10_000);
    assert.deepEqual([told.length, away.at(-1)], [0, false]);
  });

  test("looks around in peace, and goes back when they want", () => {
    const { desk, following, away } = mount(false);
    desk.move(ELSEWHERE);
    assert.equal(away.at(-1), false, "nobody has led them anywhere");
    following.take({ sheet: "one", part: PART });
    assert.deepEqual([desk.part, away.at(-1)], [ELSEWHERE, true]);
    following.follow();
    assert.deepEqual([desk.part, away.at(-1)], [PART, false]);
  });

  test("looks where the class is led to on the sheet that they turn to", () => {
    const { desk, following } = mount(false);
    following.take({ sheet: "two", part: PART });
    assert.ok(desk.isFitted);
    desk.move(ELSEWHERE);
    desk.turnTo("two");
    assert.deepEqual(desk.part, PART);
  });
});

test("a part is seen whole in a place of any shape, its middle in the middle", () => {
  const sheet = { width: 16_000, height: 9_000 };
  for (const host of [{ width: 800, height: 450 }, { width: 300, height: 600 }]) {
    const { scale, x, y } = showPart(PART, host, sheet);
    assert.ok(scale > fit(host, sheet).scale);
    assert.ok(PART.width * scale <= host.width + 1e-9 && PART.height * scale <= host.height + 1e-9);
    assert.deepEqual([x + PART.x * scale, y + PART.y * scale], [host.width / 2, host.height / 2]);
  }
});
