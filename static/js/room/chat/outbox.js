/**
 * What has been written and has not come back yet: sent one after the other, and again after a break of the line.
 * The nonce makes one message of however many tries; nothing here touches the page.
 */

import { withMessage } from "../state/chat.js";

const NO_REPLY = ["offline", "timeout"];
const AGAIN_MS = 2_000;

/** @typedef {import("../state/chat.js").Pending} Pending */

export class Outbox {
  #isSending = false;

  /**
   * @param {{store: import("../state.js").Store, session: import("../session.js").Session,
   *   keep: (pending: Pending[]) => void}} parts `keep` stores them for the next load of the page
   */
  constructor({ store, session, keep }) {
    this.store = store;
    this.session = session;
    this.keep = keep;
    session.on("status", (status) => {
      if (status === "open") this.flush();
    });
  }

  /** Takes over what an earlier load of the page has left. @param {Pending[]} pending */
  restore(pending) {
    this.#set([...pending, ...this.#pending]);
  }

  /** @param {Omit<Pending, "problem">} message */
  put(message) {
    this.#set([...this.#pending, { ...message, problem: "" }]);
    return this.flush();
  }

  /** Tries one again that was refused. @param {string} nonce */
  again(nonce) {
    this.#set(this.#pending.map((one) => (one.nonce === nonce ? { ...one, problem: "" } : one)));
    return this.flush();
  }

  /** @param {string} nonce */
  drop(nonce) {
    this.#set(this.#pending.filter((one) => one.nonce !== nonce));
  }

  /** Sends all that has no problem, in its order, until the line breaks. */
  async flush() {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let next = this.#next(); next && this.session.isOpen; next = this.#next()) {
        if (!(await this.#send(next))) break;
      }
    } finally {
      this.#isSending = false;
    }
  }

  /** @param {Pending} one @returns {Promise<boolean>} whether to go on */
  async #send({ nonce, to, text, picture }) {
    try {
      const body = { to, text, nonce, ...(picture ? { picture: picture.id } : {}) };
      const { message } = await this.session.request("chat.send", body);
      this.#patch(withMessage(this.store.state.chat, message));
      return true;
    } catch (error) {
      const { code = "failed", sentence = "" } = /** @type {{code?: string, sentence?: string}} */ (error);
      if (NO_REPLY.includes(code)) {
        // With the line come back `status` sends it; without a reply on a good line, time does.
        setTimeout(() => this.flush(), AGAIN_MS);
        return false;
      }
      this.#set(this.#pending.map((one) => (one.nonce === nonce ? { ...one, problem: sentence || code } : one)));
      return true;
    }
  }

  get #pending() {
    return this.store.state.chat.pending;
  }

  #next() {
    return this.#pending.find(({ problem }) => !problem);
  }

  /** @param {Pending[]} pending */
  #set(pending) {
    this.#patch({ ...this.store.state.chat, pending });
  }

  /** @param {import("../state/chat.js").Chat} chat */
  #patch(chat) {
    this.store.patch({ chat });
    this.keep(chat.pending);
  }
}
