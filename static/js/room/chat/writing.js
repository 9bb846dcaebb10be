/** The field in which one writes: to whom, what stands in it over a reload, and why it may be closed. */

import { now } from "../../lib/clock.js";
import { find, setText } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";
import { closedFor } from "../state/chat.js";
import { Picture } from "./picture.js";

/** @typedef {import("../state.js").RoomState} RoomState */
/** @typedef {import("../state/chat.js").To} To */
/** @typedef {import("../state/chat.js").Message} Message */
/** @typedef {{to: To, name: string, text: string, picture?: import("../state/chat.js").Picture}} Written */

/** As `core/chat.py` has it; the web tier decides. */
const SLOW_MS = 30_000;
const DRAFT = `lectern.draft.${location.pathname}`;
const ALL = "all";
const STAFF = "staff";

export class Writing {
  #form = /** @type {HTMLFormElement} */ (find("#chat-form"));
  #field = /** @type {HTMLTextAreaElement} */ (find("#chat-text"));
  #to = /** @type {HTMLSelectElement} */ (find("#chat-to"));
  /** @type {Message | null} */ #edited = null;
  #slowTimer = 0;
  #picture = new Picture();

  /**
   * @param {import("../state.js").Store} store
   * @param {{send: (message: Written) => void, edit: (message: Message, words: string) => void}} deeds
   */
  constructor(store, deeds) {
    this.store = store;
    this.deeds = deeds;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#field.addEventListener("input", () => this.#changed());
    this.#to.addEventListener("change", () => {
      this.#changed();
      this.show(store.state);
    });
    this.#to.addEventListener("blur", () => this.#list(store.state));
    find("#chat-edit-end").addEventListener("click", () => this.#endEdit());
    this.#field.addEventListener("paste", (event) => this.#take(event, event.clipboardData));
    find("#chat").addEventListener("dragover", (event) => event.preventDefault());
    find("#chat").addEventListener("drop", (event) => this.#take(event, event.dataTransfer));
    this.#list(store.state);
    this.#restore();
  }

  /** Takes a picture that was pasted or dropped. @param {Event} event @param {DataTransfer | null} data */
  #take(event, data) {
    const file = [...(data?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file || this.#edited || find("#chat-field").hidden) return;
    event.preventDefault();
    this.#picture.take(file);
  }

  focus() {
    (find("#chat-field").hidden ? find("#chat-scroll") : this.#field).focus();
  }

  /** Addresses what is written to one person. @param {{id: string, name: string}} person */
  address(person) {
    this.#offer(person.id, person.name);
    this.#to.value = person.id;
    this.#changed();
    this.show(this.store.state);
    this.focus();
  }

  /** Puts an own message into the field, to be changed. @param {Message} message */
  edit(message) {
    if (!this.#edited) this.#keep();
    this.#edited = message;
    this.#put(message.text);
    this.show(this.store.state);
    this.focus();
  }

  /** @param {RoomState} state @param {RoomState} [previous] */
  show(state, previous) {
    if (!previous || state.people !== previous.people || state.settings !== previous.settings || state.role !== previous.role) {
      this.#list(state);
    }
    const closed = closedFor(state, this.#recipient());
    const seconds = closed || this.#edited ? 0 : this.#slowSeconds(state);
    const isShut = ["early", "ended", "unsupervised", "muted"].includes(closed);
    find("#chat-field").hidden = Boolean(closed);
    find(".chat__to", this.#form).hidden = isShut || Boolean(this.#edited);
    find("#chat-editing").hidden = !this.#edited || isShut;
    const notice = find("#chat-closed");
    const words = closed ? text(`chat_closed_${closed}`) : seconds ? text("chat_slow", { seconds }) : "";
    // A second that passes need not be heard.
    notice.setAttribute("aria-live", closed ? "polite" : "off");
    notice.hidden = !words;
    setText(notice, words);
    this.#sayTo();
    /** @type {HTMLButtonElement} */ (find("#chat-send")).disabled = seconds > 0;
    clearTimeout(this.#slowTimer);
    if (seconds) this.#slowTimer = setTimeout(() => this.show(this.store.state), 500);
  }

  /** Says in the field, too, who will read it: what is private must not go to all by mistake, nor the other way. */
  #sayTo() {
    const to = this.#recipient();
    const key = typeof to === "string" ? `chat_write_${to}` : "chat_write_person";
    this.#field.placeholder = text(key, { name: this.#to.selectedOptions[0]?.textContent ?? "" });
    this.#form.toggleAttribute("data-private", to !== ALL);
  }

  /** How long one still waits in a slow chat, after one's last message to all. @param {RoomState} state */
  #slowSeconds({ settings, role, chat }) {
    if (role !== "student" || settings.chat !== "slow" || this.#recipient() !== ALL) return 0;
    const last = chat.messages.findLast(({ kind, author }) => kind === ALL && author.id === chat.myId);
    const left = last ? Date.parse(last.at) + SLOW_MS - now() : 0;
    return Math.ceil(Math.min(Math.max(left, 0), SLOW_MS) / 1_000);
  }

  /** @returns {To} */
  #recipient() {
    const { value } = this.#to;
    return value === ALL || value === STAFF ? value : { person: value };
  }

  #submit() {
    const words = this.#field.value.trim();
    const message = this.#edited;
    const picture = message ? null : this.#picture.ready;
    if (!words && !picture) return;
    if (find("#chat-field").hidden || /** @type {HTMLButtonElement} */ (find("#chat-send")).disabled) return;
    if (!message && this.#picture.isUnderWay) return;
    if (message) {
      this.#endEdit();
      if (words !== message.text) this.deeds.edit(message, words);
      return;
    }
    const to = this.#recipient();
    const name = typeof to === "string" ? "" : (this.#to.selectedOptions[0]?.textContent ?? "");
    this.#put("");
    this.#changed();
    this.deeds.send({ to, name, text: words, ...(picture ? { picture } : {}) });
    this.#picture.clear();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#edited) {
      event.preventDefault();
      this.#endEdit();
    } else if (event.key === "ArrowUp" && !this.#field.value && !this.#edited) {
      const { messages, myId } = this.store.state.chat;
      const last = messages.findLast(({ author, deleted }) => author.id === myId && !deleted);
      if (!last) return;
      event.preventDefault();
      this.edit(last);
    }
  }

  #endEdit() {
    this.#edited = null;
    this.#put("");
    this.#restore();
    this.show(this.store.state);
    this.focus();
  }

  /** @param {string} words */
  #put(words) {
    this.#field.value = words;
    this.#grow();
  }

  #grow() {
    this.#field.style.setProperty("--lines", String(Math.min(this.#field.value.split("\n").length, 6)));
  }

  #changed() {
    this.#grow();
    if (!this.#edited) this.#keep();
  }

  #keep() {
    const name = this.#to.selectedOptions[0]?.textContent ?? "";
    sessionStorage.setItem(DRAFT, JSON.stringify({ to: this.#to.value, name, words: this.#field.value }));
  }

  #restore() {
    const { to = ALL, name = "", words = "" } = JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}");
    if (to !== ALL && to !== STAFF) this.#offer(to, name);
    this.#to.value = to;
    this.#put(words);
  }

  // Whom one can write to

  /** Makes sure that a person can be chosen, also one who has just gone. @param {string} id @param {string} name */
  #offer(id, name) {
    if (![...this.#to.options].some(({ value }) => value === id)) this.#to.append(new Option(name, id));
  }

  /** @param {RoomState} state */
  #list({ people, role, myId, settings }) {
    if (document.activeElement === this.#to) return;
    const isStaff = role !== "student";
    const { value } = this.#to;
    const name = this.#to.selectedOptions[0]?.textContent ?? "";
    const options = [new Option(text("chat_to_all"), ALL), new Option(text("chat_to_staff"), STAFF)];
    this.#to.replaceChildren(...options);
    if (isStaff || settings.student_chat) {
      const others = people.filter((person) => person.role === "student" && person.id !== myId);
      const group = document.createElement("optgroup");
      group.label = text("chat_one_person");
      group.append(...others.sort((a, b) => a.name.localeCompare(b.name)).map((one) => new Option(one.name, one.id)));
      if (others.length) this.#to.append(group);
    }
    if (value && value !== ALL && value !== STAFF) this.#offer(value, name);
    this.#to.value = value || ALL;
  }
}

