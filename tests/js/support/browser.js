/** What a page's script finds around it, as far as the scripts under test ask for it; time stands until it is told. */

import { mock } from "node:test";

/** A line that the test holds the other end of. */
export class FakeSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 3;
  /** @type {FakeSocket[]} every one since `browser` */ static all = [];

  /** The newest. @returns {FakeSocket} */
  static get last() {
    return /** @type {FakeSocket} */ (FakeSocket.all.at(-1));
  }

  readyState = FakeSocket.CONNECTING;
  /** @type {{id: number, type: string, body: any}[]} what the page has said */ said = [];
  /** @type {(() => void) | null} */ onopen = null;
  /** @type {((event: {data: string}) => void) | null} */ onmessage = null;
  /** @type {((event: {code: number}) => void) | null} */ onclose = null;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    FakeSocket.all.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.said.push(JSON.parse(text));
  }

  close() {
    this.readyState = FakeSocket.CLOSED;
  }

  /** The server accepts. */
  accept() {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  /** The server says something. @param {object} message */
  tell(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** The line ends, by the server or by itself. @param {number} code */
  end(code) {
    this.readyState = FakeSocket.CLOSED;
    this.onclose?.({ code });
  }

  /** What the page has asked for of a type. @param {string} type */
  asked(type) {
    return this.said.filter((request) => request.type === type);
  }
}

/**
 * Puts a browser's globals in place for one test: sockets, timers that `mock.timers.tick` moves, the window's
 * events, and what `fetch` answers.
 * @param {import("node:test").TestContext} t
 * @param {{answer?: () => Promise<object>}} [given]
 */
export function browser(t, { answer = () => Promise.reject(new TypeError("no network")) } = {}) {
  const window = new EventTarget();
  FakeSocket.all = [];
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    addEventListener: window.addEventListener.bind(window),
  });
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.after(() => mock.timers.reset());
  t.mock.method(Math, "random", () => 1);
  const fetched = t.mock.method(globalThis, "fetch", answer);
  return {
    fetched,
    tick: (/** @type {number} */ milliseconds) => mock.timers.tick(milliseconds),
    fire: (/** @type {string} */ name) => window.dispatchEvent(new Event(name)),
  };
}

/** Lets everything that waits for a promise go on. */
export async function settle() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}
