/** A session in a browser of the test's making, and what the other end of its line says. */

import { Session } from "../../../static/js/room/session.js";
import { browser, FakeSocket } from "./browser.js";

/** @typedef {import("node:test").TestContext} TestContext */

export const ADDRESSES = { url: "wss://school.example/ws/lessons/1/?client=page", doorUrl: "/lessons/1/" };

/**
 * A session that has started, and all that it has told.
 * @param {TestContext} t
 * @param {Parameters<typeof browser>[1]} [given]
 */
export function started(t, given) {
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
export function opened(t, seq = 5) {
  const page = started(t);
  open(seq);
  return page;
}

/** Accepts the newest line and sends the snapshot. @param {number} [seq] */
export function open(seq = 5) {
  FakeSocket.last.accept();
  FakeSocket.last.tell({ type: "room.snapshot", body: { seq } });
}

/** @param {number} seq */
export function event(seq) {
  return { type: "lesson.changed", seq, body: {} };
}

/** The reply to a request of the page. @param {{id: number}} request @param {object} [body] */
export function reply(request, body = {}) {
  FakeSocket.last.tell({ id: request.id, ok: true, body });
}
