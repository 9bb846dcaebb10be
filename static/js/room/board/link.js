/** A sheet's line to the web tier: sends what is done here, one message at a time, and loads what is missing. */

import { Emitter } from "../../lib/emitter.js";
import { Sheet } from "../state/sheet.js";

/** @typedef {import("../state/sheet.js").Effect} Effect */
/** @typedef {{from: number, batches: import("../state/sheet.js").Batch[]}} News */

/** As the server limits them, and well within the size of a message. */
const MESSAGE = { operations: 50, length: 40_000 };
const SLOW_DOWN_MS = 1_000;
const LOAD_AGAIN_MS = 1_500;
/** Codes after which the message is sent once more: nobody knows what came of it, or it was only too early. */
const LATER = new Set(["offline", "timeout", "too_fast", "failed"]);

/** Numbers of this page's messages: on all sheets, never twice, also after a reload within the same page id. */
let lastNumber = Date.now();

/**
 * Emits `changed` (a set of ids, null for all), `refused` (a sentence), `sent` when nothing is on its way any more,
 * and `loaded`.
 */
export class SheetLink extends Emitter {
  #isSending = false;
  #isLoading = false;
  #isClosed = false;
  #isStale = false;
  /** @type {News[]} what came while the sheet was loaded */ #early = [];
  #loadsWhole = true;
  #timer = 0;
  /** @type {(() => void)[]} */ #ends = [];

  /**
   * @param {{request: (type: string, body: object) => Promise<any>, on: Emitter["on"], isOpen: boolean}} session
   * @param {{id: string, url: string, client: string, load?: typeof fetch}} sheet `url` is that of its content
   */
  constructor(session, { id, url, client, load = fetch.bind(globalThis) }) {
    super();
    this.session = session;
    this.id = id;
    this.url = url;
    this.load = load;
    this.sheet = new Sheet(client, (ids) => this.emit("changed", ids));
    this.#ends.push(session.on("message", (message) => this.#receive(message)));
  }

  /** Loads the sheet, and keeps it as it is from now on. */
  open() {
    return this.#load();
  }

  /** Hears and sends no more. */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
  }

  /** Whether something is on its way. */
  get isBusy() {
    return this.#isSending;
  }

  /** Does something here, and has the server do it. @param {Effect} effect */
  perform(effect) {
    this.sheet.perform(effect);
    this.#send();
  }

  async #send() {
    if (this.#isSending || this.#isClosed || this.#timer || !this.session.isOpen) return;
    const message = this.sheet.takeMessage(++lastNumber, MESSAGE);
    if (!message) return;
    const { n, ops } = message;
    this.#isSending = true;
    try {
      const { version } = await this.session.request("board.draw", { sheet: this.id, n, ops });
      this.sheet.settle(n, version);
    } catch (error) {
      this.#failed(n, /** @type {{code?: string, sentence?: string}} */ (error));
    }
    this.#isSending = false;
    if (this.sheet.hasUnsent) this.#send();
    else this.emit("sent");
  }

  /** @param {number} n @param {{code?: string, sentence?: string}} error */
  #failed(n, { code = "failed", sentence = "" }) {
    if (LATER.has(code)) {
      this.sheet.sendAgain();
      // A line that broke tells when it is back.
      if (code !== "offline") this.#again(SLOW_DOWN_MS, () => this.#send());
    } else {
      this.sheet.refuse(n);
      this.emit("refused", sentence);
    }
  }

  /** @param {number} delay @param {() => void} work */
  #again(delay, work) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      work();
    }, delay);
  }

  /** @param {{type: string, body: any}} message */
  #receive({ type, body }) {
    if (type === "room.snapshot") this.#load();
    else if (type === "board.ops" && body.sheet === this.id) this.#hear(body);
  }

  /** @param {News} news */
  #hear(news) {
    if (this.#isLoading) return void this.#early.push(news);
    const heard = this.sheet.hear(news);
    if (heard === "heard") return;
    this.#loadsWhole ||= heard === "reload";
    this.#load();
  }

  async #load() {
    if (this.#isClosed) return;
    // What is asked for while an answer is on its way may be newer than that.
    if (this.#isLoading) return void (this.#isStale = true);
    this.#isLoading = true;
    this.#isStale = false;
    const isWhole = this.#loadsWhole || this.sheet.version < 0;
    this.#loadsWhole = false;
    const content = await this.#fetch(isWhole ? "" : `?since=${this.sheet.version}`);
    this.#isLoading = false;
    if (this.#isClosed) return;
    if (!content) {
      this.#loadsWhole ||= isWhole;
      this.#again(LOAD_AGAIN_MS, () => this.#load());
    }
    else if (content.elements) this.sheet.load(content);
    else if (this.sheet.hear(content) === "reload") this.#isStale = this.#loadsWhole = true;
    for (const news of content ? this.#early.splice(0) : []) this.#hear(news);
    if (this.#isStale) return void this.#load();
    if (!content || this.#isLoading) return;
    this.emit("loaded", content);
    this.#send();
  }

  /** @param {string} query @returns {Promise<any>} null where it didn't work */
  async #fetch(query) {
    try {
      const response = await this.load(this.url + query, { headers: { Accept: "application/json" } });
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }
}
