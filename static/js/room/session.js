/**
 * The page's line to the web tier, as `docs/room-protocol.md` says: requests, events in order, coming back.
 */

import { backoff } from "../lib/backoff.js";
import { Emitter } from "../lib/emitter.js";

const PING_EVERY_MS = 10_000;
const REQUEST_LIMIT_MS = 8_000;
const OPEN_LIMIT_MS = 8_000;
/** The cap keeps the way back within ten seconds even where the web tier takes a few to start. */
const BACKOFF = { first: 300, cap: 3_000 };
/**
 * One failed try is most often the line's; from the second on the page itself is asked whether it is a
 * refusal.
 */
const ASK_FROM_ATTEMPT = 2;
/** A page that was told to slow down waits at least this long. */
const SLOW_DOWN_MS = 4_000;
/** Why a socket was closed for good, by its close code. */
const FINAL = new Map([
  [4400, "protocol"],
  [4401, "signed_out"],
  [4403, "not_allowed"],
  [4409, "elsewhere"],
  [4410, "role_changed"],
]);

/** A request that the web tier refused, or that got no reply (`offline`, `timeout`). */
export class RequestError extends Error {
  /**
   * @param {string} code
   * @param {string} message a sentence for people; empty where there was no reply
   */
  constructor(code, message = "") {
    super(message || code);
    this.code = code;
    this.sentence = message;
  }
}

/**
 * Emits `status` (`connecting`, `open`, `broken`), `failed` (a word of FINAL) and `message` (snapshot, event
 * or notice).
 */
export class Session extends Emitter {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<number, {resolve: (body: any) => void, reject: (error: Error) => void, timer: number}>} */
  #waiting = new Map();
  /** @type {any[]} */ #early = [];
  #nextId = 1;
  #seq = -1;
  #attempt = 0;
  #retryTimer = 0;
  #pingTimer = 0;
  #openTimer = 0;
  #resyncing = false;
  #stopped = false;

  /**
   * @param {{url: string, doorUrl: string}} addresses the WebSocket's, and the page's own to ask after a refusal
   */
  constructor({ url, doorUrl }) {
    super();
    this.url = url;
    this.doorUrl = doorUrl;
  }

  /** Connects, and stays connected until `stop` or a final close code. */
  start() {
    addEventListener("online", this.#wake);
    addEventListener("pageshow", this.#wake);
    addEventListener("visibilitychange", this.#wake);
    this.#connect();
  }

  /** Ends the line for good. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    this.#drop();
  }

  /** Whether requests can be sent now. */
  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN && this.#seq >= 0;
  }

  /** Waits until requests can be sent, for some time: what a person asks for meanwhile is not refused. */
  async whenOpen() {
    if (this.isOpen || this.#stopped) return;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, OPEN_LIMIT_MS);
      const end = this.on("status", (status) => {
        if (status !== "open") return;
        clearTimeout(timer);
        end();
        resolve(null);
      });
    });
  }

  /**
   * Sends a request and returns the reply's body; raises RequestError.
   * @param {string} type
   * @param {object} [body]
   * @param {number} [limit] milliseconds to wait for the reply
   * @returns {Promise<any>}
   */
  request(type, body = {}, limit = REQUEST_LIMIT_MS) {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(new RequestError("offline"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, { ok: false, error: { code: "timeout" } }), limit);
      this.#waiting.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ id, type, body }));
    });
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.emit("status", "connecting");
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    let opened = false;
    this.#openTimer = setTimeout(() => this.#lost(socket, 1006, opened), OPEN_LIMIT_MS);
    socket.onopen = () => {
      opened = true;
      clearTimeout(this.#openTimer);
      this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lost(socket, code, opened);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#seq = -1;
    this.#resyncing = false;
    this.#early = [];
    clearTimeout(this.#openTimer);
    clearInterval(this.#pingTimer);
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    socket?.close();
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { ok: false, error: { code: "offline" } });
  }

  /** @param {WebSocket} socket @param {number} code @param {boolean} opened */
  async #lost(socket, code, opened) {
    if (socket !== this.#socket || this.#stopped) return;
    this.#drop();
    const word = FINAL.get(code) ?? "";
    if (word) return this.#fail(word);
    this.emit("status", "broken");
    this.#retryAfter(backoff(this.#attempt++, BACKOFF) + (code === 4429 ? SLOW_DOWN_MS : 0));
    // A refusal at the door and a broken line look the same to a page; only the page itself tells them apart.
    if (!opened && this.#attempt >= ASK_FROM_ATTEMPT) await this.#askAtTheDoor();
  }

  async #askAtTheDoor() {
    try {
      const response = await fetch(this.doorUrl, { redirect: "manual", cache: "no-store" });
      if (response.type === "opaqueredirect" || response.status === 401) this.#fail("signed_out");
      else if (response.status === 403 || response.status === 404) this.#fail("not_allowed");
    } catch {
      // No network or no server: the next try will tell.
    }
  }

  /** @param {string} word */
  #fail(word) {
    if (this.#stopped) return;
    this.stop();
    this.emit("failed", word);
  }

  /** @param {number} delay */
  #retryAfter(delay) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  /**
   * After sleep or a change of network a timer may be far off and a socket dead without knowing: look at
   * once.
   */
  #wake = () => {
    if (this.#stopped) return;
    if (!this.#socket) {
      this.#attempt = 0;
      this.#connect();
    } else if (this.isOpen) {
      this.#ping(2_000);
    }
  };

  /** @param {number} [limit] */
  async #ping(limit) {
    const socket = this.#socket;
    try {
      await this.request("room.ping", {}, limit);
    } catch (error) {
      const silent = error instanceof RequestError && error.code === "timeout";
      if (silent && socket) this.#lost(socket, 1006, true);
    }
  }

  /** @param {any} message */
  #receive(message) {
    if ("id" in message) this.#settle(message.id, message);
    else if (message.type === "room.snapshot") this.#synchronise(message.body);
    else if ("seq" in message) this.#event(message);
    else this.emit("message", message);
  }

  /** @param {number} id @param {{ok: boolean, body?: any, error?: {code: string, message?: string}}} reply */
  #settle(id, reply) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (reply.ok) waiting.resolve(reply.body);
    else waiting.reject(new RequestError(reply.error?.code ?? "failed", reply.error?.message));
  }

  /** @param {any} event */
  #event(event) {
    if (this.#seq < 0 || this.#resyncing) this.#early.push(event);
    else if (event.seq <= this.#seq) return;
    else if (event.seq > this.#seq + 1) {
      this.#early.push(event);
      this.#resync();
    } else {
      this.#seq = event.seq;
      this.emit("message", event);
    }
  }

  async #resync() {
    this.#resyncing = true;
    const socket = this.#socket;
    try {
      this.#synchronise(await this.request("room.snapshot"));
    } catch {
      if (socket) this.#lost(socket, 1006, true);
    }
  }

  /** @param {any} snapshot */
  #synchronise(snapshot) {
    const first = this.#seq < 0;
    const early = this.#early.sort((a, b) => a.seq - b.seq);
    this.#early = [];
    this.#resyncing = false;
    this.#seq = snapshot.seq;
    this.#attempt = 0;
    if (first) this.emit("status", "open");
    this.emit("message", { type: "room.snapshot", body: snapshot });
    for (const event of early) this.#event(event);
  }
}
