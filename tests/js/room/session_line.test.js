import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { FakeSocket, settle } from "../support/browser.js";
import { open, opened, reply, started } from "../support/session.js";

/** @typedef {import("node:test").TestContext} TestContext */

describe("coming back", () => {
  test("waits longer from try to try, three seconds at most, and begins anew once it is back", (t) => {
    const { tick } = opened(t);
    FakeSocket.last.end(1006);
    for (const wait of [300, 600, 1_200, 2_400, 3_000, 3_000]) {
      const before = FakeSocket.all.length;
      tick(wait - 1);
      assert.equal(FakeSocket.all.length, before, `a try before ${wait} ms`);
      tick(1);
      assert.equal(FakeSocket.all.length, before + 1);
      FakeSocket.last.accept();
      FakeSocket.last.end(1006);
    }
    tick(3_000);
    open();
    FakeSocket.last.end(1006);
    const before = FakeSocket.all.length;
    tick(300);
    assert.equal(FakeSocket.all.length, before + 1);
  });

  test("after too many messages waits four seconds more", (t) => {
    const { tick } = opened(t);
    FakeSocket.last.end(4429);
    tick(4_299);
    assert.equal(FakeSocket.all.length, 1);
    tick(1);
    assert.equal(FakeSocket.all.length, 2);
  });

  test("happens at once when the network is there again, and counts from the start", (t) => {
    const { tick, fire } = opened(t);
    for (const wait of [0, 300, 600]) {
      tick(wait);
      FakeSocket.last.end(1006);
    }
    const before = FakeSocket.all.length;
    fire("online");
    assert.equal(FakeSocket.all.length, before + 1);
    tick(5_000);
    assert.equal(FakeSocket.all.length, before + 1, "the old timer must not dial beside it");
    FakeSocket.last.end(1006);
    tick(300);
    assert.equal(FakeSocket.all.length, before + 2);
  });

  for (const code of [1001, 1006, 1012, 4408]) {
    test(`happens after the close code ${code}`, (t) => {
      const { tick, statuses, failures } = opened(t);
      FakeSocket.last.end(code);
      tick(300);
      open();
      assert.deepEqual(statuses, ["connecting", "open", "broken", "connecting", "open"]);
      assert.deepEqual(failures, []);
    });
  }
});

describe("the end", () => {
  const final = { 4400: "protocol", 4401: "signed_out", 4403: "not_allowed", 4409: "elsewhere", 4410: "role_changed" };
  for (const [code, word] of Object.entries(final)) {
    test(`comes with the close code ${code}: ${word}`, (t) => {
      const { tick, fire, failures, statuses } = opened(t);
      FakeSocket.last.end(Number(code));
      fire("online");
      tick(60_000);
      assert.deepEqual(failures, [word]);
      assert.equal(FakeSocket.all.length, 1);
      assert.ok(!statuses.includes("broken"));
    });
  }

  test("comes by stop, without a word and for good", async (t) => {
    const { session, tick, fire, failures } = opened(t);
    const asked = session.request("lesson.end");
    session.stop();
    await assert.rejects(asked, { code: "offline" });
    fire("pageshow");
    tick(60_000);
    assert.equal(FakeSocket.all.length, 1);
    assert.equal(FakeSocket.last.readyState, FakeSocket.CLOSED);
    assert.deepEqual(failures, []);
  });
});

describe("a refusal at the door", () => {
  /** @param {TestContext} t @param {object} response what the page itself answers */
  async function refused(t, response) {
    const page = started(t, { answer: () => Promise.resolve(response) });
    FakeSocket.last.end(1006);
    await settle();
    assert.equal(page.fetched.mock.callCount(), 0, "one failed try is the line's");
    page.tick(300);
    FakeSocket.last.end(1006);
    await settle();
    assert.equal(page.fetched.mock.callCount(), 1);
    return page;
  }

  const answers = [
    { response: { type: "basic", status: 404 }, word: "not_allowed" },
    { response: { type: "basic", status: 403 }, word: "not_allowed" },
    { response: { type: "basic", status: 401 }, word: "signed_out" },
    { response: { type: "opaqueredirect", status: 0 }, word: "signed_out" },
  ];
  for (const { response, word } of answers) {
    test(`is told from a broken line by the page's own answer: ${response.type} ${response.status}`, async (t) => {
      const { failures, tick } = await refused(t, response);
      assert.deepEqual(failures, [word]);
      tick(60_000);
      assert.equal(FakeSocket.all.length, 2);
    });
  }

  for (const status of [200, 429, 500, 503]) {
    test(`is none where the page answers ${status}: the page dials on`, async (t) => {
      const { failures, tick } = await refused(t, { type: "basic", status });
      assert.deepEqual(failures, []);
      tick(600);
      assert.equal(FakeSocket.all.length, 3);
    });
  }

  test("is not looked for where the line had been open", async (t) => {
    const { tick, fetched } = started(t);
    for (const wait of [0, 300, 600]) {
      tick(wait);
      FakeSocket.last.accept();
      FakeSocket.last.end(1006);
      await settle();
    }
    assert.equal(fetched.mock.callCount(), 0);
  });
});

describe("a silent line", () => {
  test("is asked every ten seconds, and given up when it does not answer", async (t) => {
    const { tick, statuses } = opened(t);
    tick(10_000);
    const pings = FakeSocket.last.asked("room.ping");
    assert.equal(pings.length, 1);
    reply(pings[0]);
    await settle();
    tick(10_000);
    assert.equal(FakeSocket.last.asked("room.ping").length, 2);
    tick(8_000);
    await settle();
    assert.equal(statuses.at(-1), "broken");
  });

  test("is asked at once when somebody looks again, and given up within two seconds", async (t) => {
    const { tick, fire, statuses } = opened(t);
    fire("visibilitychange");
    assert.equal(FakeSocket.last.asked("room.ping").length, 1);
    tick(2_000);
    await settle();
    assert.equal(statuses.at(-1), "broken");
  });

  test("that answers stays", async (t) => {
    const { tick, fire, statuses } = opened(t);
    fire("online");
    reply(FakeSocket.last.asked("room.ping")[0]);
    await settle();
    tick(2_000);
    await settle();
    assert.equal(statuses.at(-1), "open");
  });

  test("that refuses the question stays: it is not silent", async (t) => {
    const { fire, statuses } = opened(t);
    fire("online");
    const [ping] = FakeSocket.last.asked("room.ping");
    FakeSocket.last.tell({ id: ping.id, ok: false, error: { code: "too_fast" } });
    await settle();
    assert.equal(statuses.at(-1), "open");
  });

  test("of before is asked nothing more", (t) => {
    const { tick } = opened(t);
    const [old] = FakeSocket.all;
    old.end(1006);
    tick(300);
    open();
    tick(10_000);
    assert.deepEqual(old.said, []);
    assert.equal(FakeSocket.last.asked("room.ping").length, 1);
  });
});
