/** What can be done about one message: one menu, which opens at the message's button. */

import { find, setText } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";

/** @typedef {import("../state/chat.js").Message} Message */
/** @typedef {import("../state.js").RoomState} RoomState */
/** @typedef {Record<"answer" | "edit" | "delete" | "mute", (message: Message) => void>} Deeds */

const GAP_PX = 4;

export class Menu {
  #menu = find("#chat-menu");
  /** @type {HTMLElement | null} */ #button = null;
  /** @type {Message | null} */ #message = null;
  #isSure = false;

  /** @param {Deeds} deeds @param {(message: Message, emoji: string) => void} react */
  constructor(deeds, react) {
    this.#menu.addEventListener("click", ({ target }) => {
      const entry = target instanceof Element ? target.closest("[data-deed], [data-emoji]") : null;
      if (entry instanceof HTMLElement && this.#message) this.#choose(entry, this.#message, deeds, react);
    });
    this.#menu.addEventListener("keydown", (event) => this.#key(event));
    // Escape is the menu's alone while it is open.
    this.#menu.addEventListener("toggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState === "closed") this.#button?.removeAttribute("aria-expanded");
    });
  }

  /** @param {HTMLElement} button @param {Message} message @param {RoomState} state */
  open(button, message, state) {
    this.#button = button;
    this.#message = message;
    this.#isSure = false;
    this.#offer(message, state);
    button.setAttribute("aria-expanded", "true");
    this.#menu.showPopover();
    this.#place(button);
    this.#entries()[0]?.focus();
  }

  /** @param {Message} message @param {RoomState} state */
  #offer(message, { role, chat, settings }) {
    const isOwn = message.author.id === chat.myId;
    const isStaff = role !== "student";
    const canAnswer = !isOwn && !message.author.is_staff && (isStaff || settings.student_chat);
    const { name } = message.author;
    this.#show("answer", canAnswer, text("chat_answer", { name }));
    this.#show("edit", isOwn);
    this.#show("delete", isOwn || (isStaff && message.kind !== "person"), text("chat_delete"));
    const isMuted = chat.muted.includes(message.author.id);
    this.#show("mute", isStaff && !isOwn && !message.author.is_staff, text(isMuted ? "chat_unmute" : "chat_mute", { name }));
    this.#show("report", !isOwn);
    find("[data-deed=report]", this.#menu).dataset.report = String(message.id);
    for (const emoji of this.#menu.querySelectorAll("[data-emoji]")) {
      emoji.setAttribute("aria-checked", String(message.mine.includes(/** @type {HTMLElement} */ (emoji).dataset.emoji ?? "")));
    }
  }

  /** @param {string} deed @param {boolean} isOffered @param {string} [words] */
  #show(deed, isOffered, words) {
    const entry = find(`[data-deed=${deed}]`, this.#menu);
    entry.hidden = !isOffered;
    if (words) setText(entry, words);
  }

  /** Beside its button, and within the page. @param {HTMLElement} button */
  #place(button) {
    const at = button.getBoundingClientRect();
    const { width, height } = this.#menu.getBoundingClientRect();
    const below = at.bottom + GAP_PX + height <= innerHeight;
    const top = below ? at.bottom + GAP_PX : Math.max(GAP_PX, at.top - GAP_PX - height);
    this.#menu.style.setProperty("--top", `${top}px`);
    this.#menu.style.setProperty("--left", `${Math.max(GAP_PX, Math.min(at.right - width, innerWidth - width - GAP_PX))}px`);
  }

  /**
   * @param {HTMLElement} entry
   * @param {Message} message
   * @param {Deeds} deeds
   * @param {(message: Message, emoji: string) => void} react
   */
  #choose(entry, message, deeds, react) {
    const { deed, emoji } = entry.dataset;
    if (deed === "delete" && !this.#isSure) {
      this.#isSure = true;
      setText(entry, text("chat_delete_sure"));
      return;
    }
    this.#menu.hidePopover();
    this.#button?.focus();
    if (emoji) react(message, emoji);
    else if (deed && deed !== "report") deeds[/** @type {keyof Deeds} */ (deed)](message);
  }

  #entries() {
    const all = /** @type {HTMLElement[]} */ ([...this.#menu.querySelectorAll("[role^=menuitem]")]);
    return all.filter((entry) => entry.checkVisibility());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const entries = this.#entries();
    const at = entries.findIndex((entry) => entry === document.activeElement);
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 });
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      this.#menu.hidePopover();
      this.#button?.focus();
    } else if (event.key in steps) {
      event.preventDefault();
      entries.at((at + steps[event.key]) % entries.length)?.focus();
    }
  }
}
