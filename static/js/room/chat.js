/** The chat: what has been written, in the log; what one writes; and what one does about a message. */

import { find, findOptional, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { Log } from "./chat/log.js";
import { Menu } from "./chat/menu.js";
import { Outbox } from "./chat/outbox.js";
import { Writing } from "./chat/writing.js";
import { RequestError } from "./session.js";
import { unreadCount, withOlder } from "./state/chat.js";

/** @typedef {import("./state.js").RoomState} RoomState */
/** @typedef {import("./state/chat.js").Message} Message */

const UNSENT = `lectern.unsent.${location.pathname}`;
const PAGE = 50;
const READ_AFTER_MS = 400;
/** No message is newer: there is no divider. */
const NOTHING_NEW = Infinity;

/** @typedef {{store: import("./state.js").Store, session: import("./session.js").Session,
 *   notice: (sentence: string) => void, panel: {open: (tab: any) => void}}} Parts */

class Chat {
  #log = new Log();
  /** The divider stands after this message. */ #newAfter = NOTHING_NEW;
  #readTimer = 0;
  #isAsking = false;

  /** @param {Parts} parts */
  constructor({ store, session, notice, panel }) {
    this.store = store;
    this.session = session;
    this.notice = notice;
    this.panel = panel;
    const keep = (/** @type {object[]} */ pending) => sessionStorage.setItem(UNSENT, JSON.stringify(pending));
    this.outbox = new Outbox({ store, session, keep });
    this.writing = new Writing(store, {
      send: (message) => this.#send(message),
      edit: ({ id }, words) => this.#ask("chat.edit", { message: id, text: words }),
    });
    this.menu = new Menu(
      {
        answer: ({ author }) => this.writing.address(author),
        edit: (message) => this.writing.edit(message),
        delete: ({ id }) => this.#ask("chat.delete", { message: id }),
        mute: (message) => this.#mute(message),
      },
      (message, emoji) => this.#react(message, emoji),
    );
    this.#listen();
    this.outbox.restore(JSON.parse(sessionStorage.getItem(UNSENT) ?? "[]"));
    store.watch((state, previous) => this.#render(state, previous));
  }

  #listen() {
    find("#chat-list").addEventListener("click", ({ target }) => {
      if (target instanceof Element) this.#pressed(target);
    });
    find("#chat-scroll").addEventListener("scroll", () => this.#look(), { passive: true });
    find("#chat-older").addEventListener("click", () => this.#older());
    find("#chat-new").addEventListener("click", () => {
      this.#log.toEnd();
      this.writing.focus();
    });
    document.addEventListener("visibilitychange", () => this.#look());
    document.addEventListener("keydown", (event) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== "KeyC") return;
      event.preventDefault();
      this.panel.open("chat");
      this.writing.focus();
    });
    const mode = /** @type {HTMLSelectElement | null} */ (findOptional("#chat-mode"));
    mode?.addEventListener("change", async () => {
      await this.#ask("chat.set_mode", { mode: mode.value });
      mode.value = this.store.state.settings.chat;
    });
  }

  /** @param {RoomState} state @param {RoomState} previous */
  #render(state, previous) {
    const isFirst = state === previous;
    const opens = state.panel === "chat" && (isFirst || previous.panel !== "chat");
    if (opens) this.#opened(state);
    if (isFirst || state.chat !== previous.chat || opens) this.#fill(state);
    const parts = /** @type {const} */ (["chat", "settings", "people", "role", "lesson"]);
    if (isFirst || parts.some((part) => state[part] !== previous[part])) this.writing.show(state, previous);
    const mode = /** @type {HTMLSelectElement | null} */ (findOptional("#chat-mode"));
    if (mode && mode !== document.activeElement) mode.value = state.settings.chat;
    if (opens) this.#log.toEnd();
    // Not at once: those who watch after this one are still to hear of the change that led here.
    queueMicrotask(() => this.#look());
  }

  /** @param {RoomState} state */
  #opened({ chat }) {
    this.#newAfter = unreadCount(chat) ? chat.readUpto : NOTHING_NEW;
  }

  /** @param {RoomState} state */
  #fill({ chat }) {
    // What comes while nobody looks is told apart from what has been read.
    if (!this.#isSeen && this.#newAfter === NOTHING_NEW && unreadCount(chat)) this.#newAfter = chat.readUpto;
    this.#log.show(chat, this.#newAfter);
    find("#chat-empty").hidden = chat.messages.length + chat.pending.length > 0;
    find("#chat-older").hidden = !chat.hasMore;
    const before = findOptional("#chat-before");
    if (before) before.hidden = chat.hasMore;
  }

  /** Whether the newest message is really before somebody's eyes. */
  get #isSeen() {
    return this.store.state.panel === "chat" && document.visibilityState === "visible" && this.#log.isAtEnd;
  }

  /** Notes what has been read, and counts what has not. */
  #look() {
    const { chat, unread, panel } = this.store.state;
    const count = unreadCount(chat);
    if (this.#isSeen && count) {
      this.#read(chat.messages[chat.messages.length - 1].id);
      return;
    }
    const button = find("#chat-new");
    button.hidden = panel !== "chat" || !count || this.#log.isAtEnd;
    if (!button.hidden) setText(button, text(count === 1 ? "chat_new_one" : "chat_new_many", { count }));
    const badge = panel === "chat" ? 0 : count;
    if ((unread.chat ?? 0) !== badge) this.store.patch({ unread: { ...unread, chat: badge } });
  }

  /** @param {number} upto */
  #read(upto) {
    this.store.patch({ chat: { ...this.store.state.chat, readUpto: upto } });
    clearTimeout(this.#readTimer);
    this.#readTimer = setTimeout(() => this.session.request("chat.read", { upto }).catch(() => {}), READ_AFTER_MS);
  }

  async #older() {
    const first = this.store.state.chat.messages[0];
    if (!first || this.#isAsking) return;
    this.#isAsking = true;
    try {
      const body = await this.session.request("chat.history", { before: first.id, limit: PAGE });
      this.#log.quietly(() => this.store.patch({ chat: withOlder(this.store.state.chat, body) }));
    } catch (error) {
      this.#complain(error);
    } finally {
      this.#isAsking = false;
    }
  }

  /** @param {Element} target */
  #pressed(target) {
    const item = target.closest("[data-message], [data-nonce]");
    if (!(item instanceof HTMLElement)) return;
    const { nonce } = item.dataset;
    if (nonce && target.closest("[data-again]")) this.outbox.again(nonce);
    if (nonce && target.closest("[data-drop]")) this.outbox.drop(nonce);
    const message = this.store.state.chat.messages.find(({ id }) => String(id) === item.dataset.message);
    if (!message) return;
    const reaction = target.closest(".reaction");
    const more = target.closest(".said__more");
    if (reaction instanceof HTMLElement) this.#react(message, reaction.dataset.emoji ?? "");
    if (more instanceof HTMLElement) this.menu.open(more, message, this.store.state);
  }

  /** @param {import("./chat/writing.js").Written} message */
  #send(message) {
    this.#newAfter = NOTHING_NEW;
    const nonce = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
    this.outbox.put({ nonce, ...message });
    this.#log.toEnd();
  }

  /** @param {Message} message @param {string} emoji */
  #react({ id, mine }, emoji) {
    return this.#ask("chat.react", { message: id, emoji, is_on: !mine.includes(emoji) });
  }

  /** @param {Message} message */
  async #mute({ author }) {
    const isMuted = !this.store.state.chat.muted.includes(author.id);
    const done = await this.#ask("chat.mute", { person: author.id, is_muted: isMuted });
    if (done) this.notice(text(isMuted ? "chat_muted_done" : "chat_unmuted_done", { name: author.name }));
  }

  /** Asks and says what failed; returns whether it was done. @param {string} type @param {object} body */
  async #ask(type, body) {
    try {
      await this.session.request(type, body);
      return true;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  /** @param {unknown} error */
  #complain(error) {
    const isReply = error instanceof RequestError;
    if (!isReply) console.error(error);
    this.notice((isReply && error.sentence) || text("try_again"));
  }
}

/** Shows the chat and binds what one does in it. @param {Parts} parts @returns {Record<string, () => unknown>} */
export function startChat(parts) {
  new Chat(parts);
  return {};
}
