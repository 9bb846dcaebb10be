/** What a page makes of the chat's messages. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  closedFor,
  initialChat,
  KEPT,
  reduceChat,
  unreadCount,
  withMessage,
  withOlder,
} from "../../../../static/js/room/state/chat.js";

const ME = "person-me";

/** @param {number} id @param {object} [fields] @returns {any} */
function message(id, fields = {}) {
  return {
    id,
    nonce: `nonce-${id}`,
    kind: "all",
    author: { id: "person-other", name: "Other", is_staff: false },
    partner: null,
    text: `text ${id}`,
    at: "2026-11-21T09:00:00+00:00",
    edited_at: null,
    deleted: "",
    reactions: {},
    mine: [],
    ...fields,
  };
}

/** @param {object} [chat] @returns {any} */
function snapshot(chat = {}) {
  const told = { messages: [], has_more: false, read_upto: 0, is_muted: false, ...chat };
  return { type: "room.snapshot", body: { me: { id: ME }, chat: told } };
}

const empty = reduceChat(initialChat, snapshot());
const own = { author: { id: ME, name: "Me", is_staff: false } };
const ids = (/** @type {any} */ chat) => chat.messages.map((/** @type {any} */ { id }) => id);

test("messages stand in their order, each once, however often and in whatever order they come", () => {
  const chat = [2, 1, 3, 2, 1].reduce((so, id) => reduceChat(so, { type: "chat.message", body: message(id) }), empty);
  assert.deepEqual(ids(chat), [1, 2, 3]);
});

test("a snapshot is the truth, and what is on its way stays so", () => {
  const pending = [{ nonce: "nonce-7" }, { nonce: "nonce-8" }];
  const before = /** @type {any} */ ({ ...empty, messages: [message(1), message(2)], pending });
  const chat = reduceChat(before, snapshot({ messages: [message(2), message(7, own)], has_more: true, read_upto: 2 }));
  assert.deepEqual(ids(chat), [2, 7]);
  assert.deepEqual(chat.pending, [{ nonce: "nonce-8" }]);
  assert.equal(chat.hasMore, true);
  assert.equal(chat.readUpto, 2);
});

test("in the lobby there is no chat, and nothing is lost of what one has written", () => {
  const before = /** @type {any} */ ({ ...empty, messages: [message(1)], pending: [{ nonce: "nonce-2" }] });
  const chat = reduceChat(before, { type: "room.snapshot", body: { me: { id: ME } } });
  assert.deepEqual(chat.messages, []);
  assert.deepEqual(chat.pending, [{ nonce: "nonce-2" }]);
});

test("an own message takes the place of the one on its way, another's of the same word does not", () => {
  const waiting = /** @type {any} */ ({ ...empty, pending: [{ nonce: "nonce-1" }] });
  assert.equal(withMessage(waiting, message(1)).pending.length, 1);
  const chat = withMessage(waiting, message(1, own));
  assert.deepEqual(chat.pending, []);
  assert.equal(chat.readUpto, 1);
});

test("a change touches its message alone", () => {
  const before = { ...empty, messages: [message(1), message(2)] };
  const deleted = reduceChat(before, { type: "chat.changed", body: { id: 2, text: "", deleted: "staff", reactions: {} } });
  assert.deepEqual(deleted.messages[0], message(1));
  assert.equal(deleted.messages[1].deleted, "staff");
  assert.equal(deleted.messages[1].text, "");
  const unknown = reduceChat(before, { type: "chat.changed", body: { id: 9, text: "x" } });
  assert.deepEqual(unknown.messages, before.messages);
});

test("a reaction is this person's own only if it is, and comes twice without harm", () => {
  const before = { ...empty, messages: [message(1)] };
  const by = { person: ME, emoji: "🎉", is_on: true };
  const event = { type: "chat.changed", body: { id: 1, reactions: { "🎉": 2 }, by } };
  const once = reduceChat(before, event);
  assert.deepEqual(once.messages[0].mine, ["🎉"]);
  assert.deepEqual(reduceChat(once, event), once);
  const others = { type: "chat.changed", body: { id: 1, reactions: { "🎉": 1 }, by: { ...by, person: "x", is_on: false } } };
  assert.deepEqual(reduceChat(once, others).messages[0].mine, ["🎉"]);
  const back = { type: "chat.changed", body: { id: 1, reactions: {}, by: { ...by, is_on: false } } };
  assert.deepEqual(reduceChat(once, back).messages[0].mine, []);
});

test("older messages come before, and none twice", () => {
  const chat = withOlder({ ...empty, messages: [message(5)], hasMore: true }, { messages: [message(3), message(5)], has_more: false });
  assert.deepEqual(ids(chat), [3, 5]);
  assert.equal(chat.hasMore, false);
});

test("a page keeps a bounded number of messages, and knows that there are more", () => {
  const messages = Array.from({ length: KEPT }, (_, index) => message(index + 1));
  const chat = withMessage({ ...empty, messages }, message(KEPT + 1));
  assert.equal(chat.messages.length, KEPT);
  assert.equal(chat.messages[0].id, 2);
  assert.equal(chat.hasMore, true);
});

test("unread is what others wrote since, and what is still there", () => {
  const messages = [message(1), message(2), message(3, own), message(4, { deleted: "author" }), message(5)];
  assert.equal(unreadCount({ ...empty, messages, readUpto: 1 }), 2);
  const read = reduceChat({ ...empty, messages }, { type: "chat.read", body: { upto: 5 } });
  assert.equal(unreadCount(read), 0);
  assert.equal(reduceChat(read, { type: "chat.read", body: { upto: 2 } }).readUpto, 5);
});

test("whoever is muted knows it, and teachers know who is", () => {
  const other = reduceChat(empty, { type: "chat.muted", body: { person: "person-other", is_muted: true } });
  assert.deepEqual([other.isMuted, other.muted], [false, ["person-other"]]);
  const me = reduceChat(other, { type: "chat.muted", body: { person: ME, is_muted: true } });
  assert.equal(me.isMuted, true);
  const back = reduceChat(me, { type: "chat.muted", body: { person: ME, is_muted: false } });
  assert.deepEqual([back.isMuted, back.muted], [false, ["person-other"]]);
});

/** @param {object} change @returns {any} */
function room({ role = "student", phase = "live", chat = "on", is_supervised = true, isMuted = false } = {}) {
  return { role, lesson: { phase }, settings: { chat, is_supervised }, chat: { ...empty, isMuted } };
}

test("a page says why one can't write", () => {
  assert.equal(closedFor(room(), "all"), "");
  assert.equal(closedFor(room({ phase: "lobby" }), "staff"), "early");
  assert.equal(closedFor(room({ phase: "ended" }), "all"), "ended");
  assert.equal(closedFor(room({ is_supervised: false }), "staff"), "unsupervised");
  assert.equal(closedFor(room({ isMuted: true }), "staff"), "muted");
  assert.equal(closedFor(room({ chat: "off" }), "all"), "off");
  assert.equal(closedFor(room({ chat: "off" }), { person: "x" }), "off");
  assert.equal(closedFor(room({ chat: "off" }), "staff"), "");
  assert.equal(closedFor(room({ chat: "slow" }), "all"), "");
  assert.equal(closedFor(room({ role: "teacher", phase: "ended", chat: "off", is_supervised: false }), "all"), "");
});
