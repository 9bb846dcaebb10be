/** What one writes arrives once, in its order, however often the line breaks. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../../../static/js/room/chat/outbox.js";
import { initialState, reduce, Store } from "../../../../static/js/room/state.js";
import { FakeSocket, settle } from "../../support/browser.js";
import { open, opened, reply } from "../../support/session.js";

const ME = "person-me";

/** An outbox on an open line. @param {import("node:test").TestContext} t */
function outbox(t) {
  const page = opened(t);
  const store = new Store(initialState({ client: "page", role: "student" }));
  store.patch({ chat: { ...store.state.chat, myId: ME } });
  page.session.on("message", (message) => {
    if (message.body.chat) store.patch(reduce(store.state, message));
  });
  /** @type {any[]} */ const kept = [];
  const box = new Outbox({ store, session: page.session, keep: (pending) => kept.push(pending) });
  const waiting = () => store.state.chat.pending.map(({ nonce }) => nonce);
  return { ...page, store, box, kept, waiting };
}

/** @param {string} nonce @returns {any} */
function words(nonce) {
  return { nonce, to: "all", name: "", text: `words of ${nonce}` };
}

/** What the web tier replies. @param {string} nonce @param {number} id */
function message(nonce, id) {
  return { message: { id, nonce, kind: "all", author: { id: ME }, partner: null, deleted: "", at: "" } };
}

/** @param {{id: number}} request @param {string} code @param {string} sentence */
function refuse(request, code, sentence) {
  FakeSocket.last.tell({ id: request.id, ok: false, error: { code, message: sentence } });
}

test("one goes after the other, and is no longer on its way once it has come back", async (t) => {
  const { box, store, waiting, kept } = outbox(t);
  box.put(words("one"));
  box.put(words("two"));
  assert.deepEqual(FakeSocket.last.asked("chat.send").map(({ body }) => body.nonce), ["one"]);
  reply(FakeSocket.last.asked("chat.send")[0], message("one", 1));
  await settle();
  assert.deepEqual(waiting(), ["two"]);
  reply(FakeSocket.last.asked("chat.send")[1], message("two", 2));
  await settle();
  assert.deepEqual(waiting(), []);
  assert.deepEqual(store.state.chat.messages.map(({ id }) => id), [1, 2]);
  assert.deepEqual(kept.at(-1), []);
});

test("what was on its way when the line broke is sent again with the same nonce", async (t) => {
  const { box, waiting, tick } = outbox(t);
  box.put(words("one"));
  FakeSocket.last.end(1006);
  await settle();
  assert.deepEqual(waiting(), ["one"]);
  tick(3_000);
  open(6);
  await settle();
  const [again] = FakeSocket.last.asked("chat.send");
  assert.equal(again.body.nonce, "one");
  reply(again, message("one", 1));
  await settle();
  assert.deepEqual(waiting(), []);
});

test("what is written without a line waits for it", async (t) => {
  const { box, waiting, tick } = outbox(t);
  FakeSocket.last.end(1006);
  box.put(words("one"));
  await settle();
  assert.deepEqual(waiting(), ["one"]);
  tick(3_000);
  open(6);
  await settle();
  assert.equal(FakeSocket.last.asked("chat.send").length, 1);
});

test("a message without a reply is sent again after a while", async (t) => {
  const { box, tick } = outbox(t);
  box.put(words("one"));
  tick(8_000);
  await settle();
  tick(2_000);
  await settle();
  assert.equal(FakeSocket.all.flatMap((socket) => socket.asked("chat.send")).length, 2);
});

test("what is refused says why, waits for the person, and holds up nobody", async (t) => {
  const { box, store, waiting } = outbox(t);
  box.put(words("one"));
  box.put(words("two"));
  refuse(FakeSocket.last.asked("chat.send")[0], "conflict", "The chat is off.");
  await settle();
  assert.equal(store.state.chat.pending[0].problem, "The chat is off.");
  reply(FakeSocket.last.asked("chat.send")[1], message("two", 2));
  await settle();
  assert.deepEqual(waiting(), ["one"]);
  box.again("one");
  assert.equal(FakeSocket.last.asked("chat.send").at(-1)?.body.nonce, "one");
  box.drop("one");
  assert.deepEqual(waiting(), []);
});

test("an earlier load's messages go first", async (t) => {
  const { box, waiting } = outbox(t);
  box.put(words("new"));
  box.restore([{ ...words("old"), problem: "" }]);
  assert.deepEqual(waiting(), ["old", "new"]);
});
