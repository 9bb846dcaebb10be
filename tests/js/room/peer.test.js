import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MediaLink } from "../../../static/js/room/peer.js";
import { browser, settle } from "../support/browser.js";
import { FakePeer } from "../support/peer.js";

/** @typedef {import("node:test").TestContext} TestContext */

class Link extends MediaLink {
  /** @type {"flowing" | "unknown" | "still"} */ verdict = "flowing";
  /** @type {() => Promise<string>} */ agree = async () => "e1";

  negotiate() {
    return this.agree();
  }

  flow() {
    return this.verdict;
  }
}

/** A link that has been opened, and the states that it has told. @param {TestContext} t */
function opened(t) {
  const { tick } = browser(t);
  let now = 10_000;
  t.mock.method(performance, "now", () => now);
  FakePeer.all = [];
  Object.assign(globalThis, { RTCPeerConnection: FakePeer });
  const link = new Link(/** @type {any} */ ({}));
  /** @type {string[]} */ const states = [];
  link.on("state", (state) => states.push(state));
  link.open();
  /** Lets time pass by half seconds, as often as the link looks; something may come in each. */
  const pass = async (/** @type {number} */ milliseconds, /** @type {() => void} */ meanwhile = () => {}) => {
    for (let passed = 0; passed < milliseconds; passed += 500) {
      meanwhile();
      now += 500;
      tick(500);
      await settle();
    }
  };
  return { link, states, pass };
}

/** A link that is connected. @param {TestContext} t */
async function connected(t) {
  const page = opened(t);
  await settle();
  FakePeer.last.turn("connected");
  await page.pass(1_000);
  assert.deepEqual(page.states, ["connecting", "connected"]);
  return page;
}

const media = () => {
  FakePeer.last.bytesReceived += 1_000;
};
const answers = () => {
  FakePeer.last.responsesReceived += 1;
};

describe("a connection that the browser doubts", () => {
  for (const [name, comes] of Object.entries({ media, answers })) {
    test(`is kept while ${name} come, and the page says nothing`, async (t) => {
      const { states, pass } = await connected(t);
      await pass(1_000, comes);
      FakePeer.last.turn("disconnected");
      await pass(8_000, comes);
      FakePeer.last.turn("connected");
      await pass(1_000, comes);
      assert.deepEqual(states, ["connecting", "connected"]);
      assert.equal(FakePeer.all.length, 1);
    });
  }

  test("is given up when nothing has come for two seconds", async (t) => {
    const { states, pass } = await connected(t);
    await pass(500, media);
    FakePeer.last.turn("disconnected");
    await pass(2_000);
    assert.equal(FakePeer.all.length, 1);
    await pass(1_000);
    assert.equal(states.at(-1), "stalled");
    assert.equal(FakePeer.all.length, 2);
    assert.ok(FakePeer.all[0].isClosed);
  });

  test("is given up at once when nothing had come for that long already", async (t) => {
    const { states, pass } = await connected(t);
    await pass(3_000);
    FakePeer.last.turn("disconnected");
    await settle();
    assert.equal(states.at(-1), "stalled");
    assert.ok(FakePeer.last.isClosed);
  });
});

describe("a connection", () => {
  for (const state of ["failed", "closed"]) {
    test(`that has ${state} is made anew, whatever had come`, async (t) => {
      const { states, pass } = await connected(t);
      await pass(500, media);
      FakePeer.last.turn(state);
      assert.equal(states.at(-1), "stalled");
      await pass(500);
      assert.equal(FakePeer.all.length, 2);
      FakePeer.last.turn("connected");
      await pass(500);
      assert.equal(states.at(-1), "connected");
    });
  }

  test("that does not come about within five seconds is tried anew", async (t) => {
    const { states, pass } = opened(t);
    await pass(4_500);
    assert.equal(FakePeer.all.length, 1);
    await pass(1_000);
    assert.equal(FakePeer.all.length, 2);
    assert.deepEqual(states, ["connecting"]);
  });

  test("that cannot be agreed on is tried anew, and the trouble is told", async (t) => {
    const { link, pass } = opened(t);
    /** @type {Error[]} */ const troubles = [];
    link.on("trouble", (trouble) => troubles.push(trouble));
    link.agree = () => Promise.reject(new Error("too_fast"));
    link.restart();
    await pass(500);
    assert.equal(troubles[0].message, "too_fast");
    link.agree = async () => "e2";
    await pass(4_000);
    assert.equal(link.epoch, "e2");
  });

  test("on which media stands still is kept until another one is there, and is good again when media moves", async (t) => {
    const { link, states, pass } = await connected(t);
    link.verdict = "still";
    await pass(500);
    assert.equal(states.at(-1), "stalled");
    await pass(500);
    assert.equal(FakePeer.all.length, 2);
    FakePeer.last.turn("connected");
    await pass(500);
    assert.equal(states.at(-1), "stalled", "only moving media proves that it is good");
    link.verdict = "flowing";
    await pass(500);
    assert.equal(states.at(-1), "connected");
  });

  test("that was closed here stays closed", async (t) => {
    const { link, states, pass } = await connected(t);
    link.close();
    FakePeer.last.turn("closed");
    await pass(10_000);
    assert.equal(FakePeer.all.length, 1);
    assert.equal(states.at(-1), "idle");
  });
});

describe("a relay that has started anew", () => {
  test("gets a new connection, the same relay none", async (t) => {
    const { link, pass } = await connected(t);
    link.refresh("e1");
    await pass(500);
    assert.equal(FakePeer.all.length, 1);
    link.refresh("e2");
    assert.equal(FakePeer.all.length, 2);
    assert.ok(FakePeer.all[0].isClosed);
  });

  test("may say that a connection is gone, but not of one that has just been made", async (t) => {
    const { link, pass } = opened(t);
    await settle();
    FakePeer.last.turn("connected");
    await pass(500);
    link.lost();
    assert.equal(FakePeer.all.length, 1, "that word was of the one before");
    await pass(3_000);
    link.lost();
    assert.equal(FakePeer.all.length, 2);
  });
});
