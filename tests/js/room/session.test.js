import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RequestError } from "../../../static/js/room/session.js";
import { FakeSocket, settle } from "../support/browser.js";
import { ADDRESSES, event, open, opened, reply, started } from "../support/session.js";

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
