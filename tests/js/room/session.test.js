import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RequestError, Session } from "../../../static/js/room/session.js";
import { browser, FakeSocket, settle } from "../support/browser.js";

/** @typedef {import("node:test").TestContext} TestContext */

const ADDRESSES = { url: "wss://school.example/ws/lessons/1/?client=page", doorUrl: "/lessons/1/" };

/**
 * A session that has started, and all that it has told.
 * @param {TestContext} t
 * @param {Parameters<typeof browser>[1]} [given]
 */
function started(t, given) {
  const around = browser(t, given);
  const session = new Session(ADDRESSES);
  /** @type {string[]} */ const statuses = [];
  /** @type {string[]} */ const failures = [];
  /** @type {any[]} */ const messages = [];
  session.on("status", (status) => statuses.push(status));
  session.on("failed", (word) => failures.push(word));
  session.on("message", (message) => messages.push(message));
  session.start();
  /** What was told: a snapshot's number, an event's, or a notice's type. */
  const told = () => messages.map(({ type, seq, body }) => (type === "room.snapshot" ? `=${body.seq}` : (seq ?? type)));
  return { ...around, session, statuses, failures, messages, told };
}

/** A session with an open line whose snapshot has come. @param {TestContext} t @param {number} [seq] */
function opened(t, seq = 5) {
  const page = started(t);
  open(seq);
  return page;
}

/** Accepts the newest line and sends the snapshot. @param {number} [seq] */
function open(seq = 5) {
  FakeSocket.last.accept();
  FakeSocket.last.tell({ type: "room.snapshot", body: { seq } });
}

/** @param {number} seq */
function event(seq) {
  return { type: "lesson.changed", seq, body: {} };
}

/** The reply to a request of the page. @param {{id: number}} request @param {object} [body] */
function reply(request, body = {}) {
  FakeSocket.last.tell({ id: request.id, ok: true, body });
}

describe("opening", () => {
  test("the line is open with the snapshot, not with the socket", (t) => {
    const { session, statuses } = started(t);
    FakeSocket.last.accept();
    assert.ok(!session.isOpen);
    assert.deepEqual(statuses, ["connecting"]);
    FakeSocket.last.tell({ type: "room.snapshot", body: { seq: 0 } });
    assert.ok(session.isOpen);
    assert.deepEqual(statuses, ["connecting", "open"]);
    assert.equal(FakeSocket.last.url, ADDRESSES.url);
  });

  test("a socket that nobody accepts is given up after eight seconds, and tried again", (t) => {
    const { tick, statuses } = started(t);
    tick(7_999);
    assert.deepEqual(statuses, ["connecting"]);
    tick(1);
    assert.deepEqual(statuses, ["connecting", "broken"]);
    assert.equal(FakeSocket.all[0].readyState, FakeSocket.CLOSED);
    tick(300);
    assert.equal(FakeSocket.all.length, 2);
  });

  test("who waits for the line goes on when it is open", async (t) => {
    const { session } = started(t);
    let done = false;
    session.whenOpen().then(() => (done = true));
    FakeSocket.last.accept();
    await settle();
    assert.ok(!done);
    FakeSocket.last.tell({ type: "room.snapshot", body: { seq: 0 } });
    await settle();
    assert.ok(done);
  });

  test("who waits for the line goes on after eight seconds without it", async (t) => {
    const { session, tick } = started(t);
    let done = false;
    session.whenOpen().then(() => (done = true));
    tick(8_000);
    await settle();
    assert.ok(done);
  });
});

describe("requests", () => {
  test("get the reply of their own number, in whatever order", async (t) => {
    const { session } = opened(t);
    const [first, second] = [session.request("media.subscribe"), session.request("media.close", { direction: "x" })];
    const [asked, closed] = FakeSocket.last.said;
    assert.notEqual(asked.id, closed.id);
    assert.deepEqual(closed, { id: closed.id, type: "media.close", body: { direction: "x" } });
    reply(closed, { n: 2 });
    reply(asked, { n: 1 });
    assert.deepEqual([await first, await second], [{ n: 1 }, { n: 2 }]);
  });

  test("that are refused carry the code and the sentence", async (t) => {
    const { session } = opened(t);
    const asked = session.request("lesson.go_live");
    const error = { code: "forbidden", message: "Only teachers may." };
    FakeSocket.last.tell({ id: FakeSocket.last.said[0].id, ok: false, error });
    await assert.rejects(asked, (/** @type {RequestError} */ problem) => {
      assert.ok(problem instanceof RequestError);
      assert.deepEqual([problem.code, problem.sentence], ["forbidden", "Only teachers may."]);
      return true;
    });
  });

  test("without a reply time out after eight seconds, and a late reply hurts nobody", async (t) => {
    const { session, tick } = opened(t);
    const asked = session.request("lesson.end");
    tick(8_000);
    await assert.rejects(asked, { code: "timeout", sentence: "" });
    reply(FakeSocket.last.said[0]);
  });

  test("are refused at once while there is no line", async (t) => {
    const { session } = started(t);
    await assert.rejects(session.request("lesson.end"), { code: "offline" });
    assert.deepEqual(FakeSocket.last.said, []);
  });

  test("under way when the line breaks end then, not at their limit", async (t) => {
    const { session } = opened(t);
    const asked = session.request("lesson.end");
    FakeSocket.last.end(1006);
    await assert.rejects(asked, { code: "offline" });
  });

  test("have numbers that a new line does not use again", async (t) => {
    const { session, tick } = opened(t);
    const old = session.request("a.first");
    const [{ id }] = FakeSocket.last.said;
    FakeSocket.last.end(1006);
    await assert.rejects(old, { code: "offline" });
    tick(300);
    open();
    const fresh = session.request("a.second");
    assert.ok(FakeSocket.last.said[0].id > id);
    FakeSocket.last.tell({ id, ok: true, body: "of the old line" });
    reply(FakeSocket.last.said[0], { of: "the new line" });
    assert.deepEqual(await fresh, { of: "the new line" });
  });
});

describe("events", () => {
  test("are told in order, each once; notices as they come", (t) => {
    const { told } = opened(t);
    for (const seq of [6, 6, 5, 7]) FakeSocket.last.tell(event(seq));
    FakeSocket.last.tell({ type: "media.closed", body: {} });
    assert.deepEqual(told(), ["=5", 6, 7, "media.closed"]);
  });

  test("that come before the snapshot wait for it", (t) => {
    const { told } = started(t);
    FakeSocket.last.accept();
    for (const seq of [7, 5, 6]) FakeSocket.last.tell(event(seq));
    assert.deepEqual(told(), []);
    FakeSocket.last.tell({ type: "room.snapshot", body: { seq: 5 } });
    assert.deepEqual(told(), ["=5", 6, 7]);
  });

  test("after a gap wait for a snapshot that the page asks for, once", async (t) => {
    const { told } = opened(t);
    for (const seq of [8, 10, 9]) FakeSocket.last.tell(event(seq));
    assert.deepEqual(told(), ["=5"]);
    const asked = FakeSocket.last.asked("room.snapshot");
    assert.equal(asked.length, 1);
    reply(asked[0], { seq: 8 });
    await settle();
    assert.deepEqual(told(), ["=5", "=8", 9, 10]);
  });

  test("with a gap even after the snapshot make the page ask again", async (t) => {
    const { told } = opened(t);
    for (const seq of [8, 12]) FakeSocket.last.tell(event(seq));
    reply(FakeSocket.last.asked("room.snapshot")[0], { seq: 9 });
    await settle();
    const again = FakeSocket.last.asked("room.snapshot");
    assert.equal(again.length, 2);
    reply(again[1], { seq: 12 });
    await settle();
    assert.deepEqual(told(), ["=5", "=9", "=12"]);
  });

  test("come in any order and end in the order of their numbers", async (t) => {
    for (const order of permutations([6, 7, 8, 9, 10])) {
      await t.test(order.join(), async (t) => {
        const { told } = opened(t);
        let newest = 0;
        for (const seq of order) {
          // The snapshot is of the moment at which the page asks, and comes after everything else.
          if (!FakeSocket.last.asked("room.snapshot").length) newest = Math.max(newest, seq);
          FakeSocket.last.tell(event(seq));
        }
        const [asked] = FakeSocket.last.asked("room.snapshot");
        if (asked) reply(asked, { seq: newest });
        await settle();
        const entries = told();
        const numbers = entries.map((entry) => Number(String(entry).replace("=", "")));
        assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
        assert.equal(numbers.at(-1), 10);
        for (const [index, entry] of entries.entries())
          if (typeof entry === "number") assert.equal(entry, numbers[index - 1] + 1, "nothing is left out");
        assert.equal(FakeSocket.last.asked("room.snapshot").length, asked ? 1 : 0);
      });
    }
  });

  test("of a page whose snapshot does not come make it dial anew", async (t) => {
    const { tick, statuses } = opened(t);
    FakeSocket.last.tell(event(9));
    tick(8_000);
    await settle();
    assert.equal(statuses.at(-1), "broken");
    tick(300);
    open(9);
    assert.equal(statuses.at(-1), "open");
  });

  test("of an old line are not told on the new one", async (t) => {
    const { tick, told } = opened(t);
    const [old] = FakeSocket.all;
    FakeSocket.last.tell(event(9));
    old.end(1006);
    await settle();
    old.tell(event(21));
    tick(300);
    open(20);
    old.tell(event(22));
    assert.deepEqual(told(), ["=5", "=20"]);
  });
});

/** @param {number[]} values @returns {number[][]} */
function permutations(values) {
  if (values.length < 2) return [values];
  return values.flatMap((value, index) =>
    permutations(values.toSpliced(index, 1)).map((others) => [value, ...others]),
  );
}

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
