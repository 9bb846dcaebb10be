/** The messages as they are read: grouped, divided by days and by what is new, and never jumping under the reader. */

import { draw, parse } from "../../lib/markdown.js";
import { find, setText } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";

/** @typedef {import("../state/chat.js").Message} Message */
/** @typedef {import("../state/chat.js").Pending} Pending */
/** @typedef {import("../state/chat.js").Chat} Chat */
/**
 * @typedef {{key: string, value: unknown, make: () => HTMLElement, message?: Message}} Row what is shown, of what it
 *   is made, and the message that it shows
 * @typedef {{value: unknown, element: HTMLElement, message?: Message}} Shown
 */

const GROUP_MS = 5 * 60_000;
/** Longer than this a message is shown in part until asked for. */
const LONG = { characters: 700, lines: 14 };
const AT_END_PX = 48;
const MORE = ".said__more:not([hidden])";

const { lang } = document.documentElement;
const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long" });

/** The list of messages. */
export class Log {
  /** @type {Map<string, Shown>} */ #shown = new Map();
  #scroll = find("#chat-scroll");
  #list = find("#chat-list");

  constructor() {
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("focusin", ({ target }) => {
      if (target instanceof HTMLElement && target.matches(MORE)) this.#rove(target);
    });
  }

  /** Whether the newest message is in sight, or would be. */
  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight < AT_END_PX;
  }

  /** Shows the newest. */
  toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  /**
   * Shows the messages; what the reader looks at stays where it is.
   * @param {Chat} chat
   * @param {number} newAfter the divider stands after this message; infinite for none
   */
  show(chat, newAfter) {
    const wasAtEnd = this.isAtEnd;
    const anchor = wasAtEnd ? null : this.#anchor();
    this.#fill(rows(chat, newAfter));
    const kept = anchor && this.#shown.get(anchor.key);
    if (wasAtEnd) this.toEnd();
    else if (anchor && kept) this.#scroll.scrollTop += kept.element.offsetTop - anchor.top;
  }

  /** Shows older messages, which nobody who listens wants to hear now. @param {() => void} work */
  quietly(work) {
    this.#scroll.setAttribute("aria-busy", "true");
    work();
    requestAnimationFrame(() => this.#scroll.removeAttribute("aria-busy"));
  }

  /** @param {Row[]} wanted */
  #fill(wanted) {
    const before = this.#shown;
    this.#shown = new Map(wanted.map((row) => [row.key, reused(before.get(row.key), row)]));
    const kept = new Set([...this.#shown.values()].map(({ element }) => element));
    for (const { element } of before.values()) if (!kept.has(element)) element.remove();
    // Only what is new is put in: whoever listens hears each message once, and the focus stays.
    let place = this.#list.firstElementChild;
    for (const element of kept) {
      if (element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(element, place);
    }
    this.#rove();
  }

  /** The messages' buttons are one stop of the Tab key; arrows go from one to the next. @param {HTMLElement} [to] */
  #rove(to) {
    const buttons = this.#buttons();
    const stop = to ?? buttons.find((button) => button === document.activeElement) ?? buttons.at(-1);
    for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const buttons = this.#buttons();
    const at = buttons.findIndex((button) => button === document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    buttons[event.key === "ArrowUp" ? Math.max(at - 1, 0) : at + 1]?.focus();
  }

  #buttons() {
    return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll(MORE)]);
  }

  /** The first row in sight, and where it stands. */
  #anchor() {
    const top = this.#scroll.scrollTop;
    for (const [key, { element }] of this.#shown) {
      if (element.offsetTop + element.offsetHeight > top) return { key, top: element.offsetTop };
    }
    return null;
  }
}

/** @param {Shown | undefined} shown @param {Row} row @returns {Shown} */
function reused(shown, { value, make, message }) {
  if (shown && shown.value === value) return shown;
  if (!shown?.message || !message || !isSaidTheSame(shown.message, message)) return { value, element: make(), message };
  react(shown.element, message);
  return { value, element: shown.element, message };
}

/** Whether only reactions can differ. @param {Message} one @param {Message} other */
function isSaidTheSame(one, other) {
  return one.text === other.text && one.edited_at === other.edited_at && one.deleted === other.deleted;
}

/** @param {Chat} chat @param {number} newAfter @returns {Row[]} */
function rows({ messages, pending, myId }, newAfter) {
  /** @type {Row[]} */ const found = [];
  /** @type {Message | null} */ let previous = null;
  let isDivided = false;
  for (const message of messages) {
    const day = calendar.format(new Date(message.at));
    const isNewDay = !previous || calendar.format(new Date(previous.at)) !== day;
    /** @type {boolean} */ const isFirstNew = !isDivided && message.id > newAfter && message.author.id !== myId;
    isDivided ||= isFirstNew;
    if (isNewDay) found.push({ key: `day ${day}`, value: day, make: () => line("chat__day", day) });
    if (isFirstNew) found.push({ key: "new", value: lang, make: () => line("chat__divider", text("chat_divider")) });
    const goesOn = !isNewDay && !isFirstNew && Boolean(previous && isOneGroup(previous, message));
    found.push({
      key: `message ${message.id} ${goesOn}`,
      message,
      value: message,
      make: () => said(message, goesOn, myId),
    });
    previous = message;
  }
  return [...found, ...pending.map((one) => ({ key: `nonce ${one.nonce}`, value: one, make: () => waiting(one) }))];
}

/** @param {Message} before @param {Message} after */
function isOneGroup(before, after) {
  const isClose = Date.parse(after.at) - Date.parse(before.at) < GROUP_MS;
  const isSame = before.author.id === after.author.id && before.kind === after.kind;
  return isClose && isSame && before.partner?.id === after.partner?.id && !before.deleted && !after.deleted;
}

/** @param {string} name @param {string} words */
function line(name, words) {
  const item = document.createElement("li");
  item.className = name;
  item.textContent = words;
  return item;
}

function blank() {
  const { content } = /** @type {HTMLTemplateElement} */ (find("#said-template"));
  return find(".said", /** @type {DocumentFragment} */ (content.cloneNode(true)));
}

/** @param {Message} message @param {boolean} goesOn @param {string} myId */
function said(message, goesOn, myId) {
  const item = blank();
  item.dataset.message = String(message.id);
  item.classList.toggle("said--on", goesOn);
  item.classList.toggle("said--own", message.author.id === myId);
  item.classList.toggle("said--private", message.kind !== "all");
  item.classList.toggle("said--deleted", Boolean(message.deleted));
  setText(find(".said__author", item), message.author.name);
  find(".staff-mark", item).hidden = !message.author.is_staff;
  const time = /** @type {HTMLTimeElement} */ (find(".said__time", item));
  time.dateTime = message.at;
  setText(time, clock.format(new Date(message.at)));
  setText(find(".said__to", item), address(message, myId));
  write(item, message.text);
  show(item, message.picture, message.author.name);
  if (message.deleted) setText(find(".said__trace", item), text(`chat_deleted_${message.deleted}`));
  else if (message.edited_at) setText(find(".said__trace", item), text("chat_edited"));
  react(item, message);
  const more = find(".said__more", item);
  more.hidden = Boolean(message.deleted);
  more.setAttribute("aria-label", text("chat_more", { name: message.author.name }));
  return item;
}

/** Says to whom a message is that is not for all. @param {Message} message @param {string} myId */
function address({ kind, partner, author }, myId) {
  if (kind === "all") return "";
  if (partner && partner.id !== author.id) {
    return partner.id === myId ? text("chat_said_to_you") : text("chat_said_to_person", { name: partner.name });
  }
  return text("chat_said_to_staff");
}

/**
 * The picture's place is there before its bytes are: nothing moves.
 * @param {HTMLElement} item
 * @param {import("../state/chat.js").Picture | null} picture
 * @param {string} name
 */
function show(item, picture, name) {
  const link = /** @type {HTMLAnchorElement} */ (find(".said__picture", item));
  link.hidden = !picture;
  if (!picture) return;
  const image = /** @type {HTMLImageElement} */ (find("img", link));
  link.href = `${find("#chat").dataset.files}${picture.id}/pages/1/`;
  image.style.setProperty("--ratio", String(picture.width / picture.height));
  image.alt = text("chat_picture_of", { name });
  image.src = link.href;
}

/** @param {HTMLElement} item @param {string} words */
function write(item, words) {
  const place = find(".said__text", item);
  place.replaceChildren(...draw(parse(words)));
  const isLong = words.length > LONG.characters || words.split("\n").length > LONG.lines;
  const all = find(".said__all", item);
  all.hidden = !isLong;
  place.classList.toggle("said__text--part", isLong);
  all.addEventListener("click", () => {
    place.classList.remove("said__text--part");
    all.hidden = true;
  });
}

/** Shows the reactions; the focus stays on the one that was pressed. @param {HTMLElement} item @param {Message} message */
function react(item, { reactions, mine }) {
  const list = find(".said__reactions", item);
  const focused = document.activeElement instanceof HTMLElement && list.contains(document.activeElement);
  const emoji = focused ? /** @type {HTMLElement} */ (document.activeElement).dataset.emoji : "";
  list.replaceChildren(...Object.entries(reactions).map(([one, count]) => reaction(one, count, mine.includes(one))));
  if (!emoji) return;
  const again = [...list.querySelectorAll("button")].find((button) => button.dataset.emoji === emoji);
  (again ?? find(".said__more", item)).focus();
}

/** @param {string} emoji @param {number} count @param {boolean} isMine */
function reaction(emoji, count, isMine) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reaction";
  button.dataset.emoji = emoji;
  button.setAttribute("aria-pressed", String(isMine));
  button.setAttribute("aria-label", text("chat_reaction", { emoji, count }));
  button.textContent = `${emoji} ${count}`;
  item.append(button);
  return item;
}

/** @param {Pending} pending */
function waiting({ nonce, to, name, text: words, picture, problem }) {
  const item = blank();
  item.dataset.nonce = nonce;
  item.classList.add("said--own", "said--waiting");
  item.classList.toggle("said--private", to !== "all");
  find(".said__head", item).hidden = true;
  find(".said__more", item).hidden = true;
  if (to !== "all") setText(find(".said__to", item), name ? text("chat_said_to_person", { name }) : text("chat_said_to_staff"));
  write(item, words);
  show(item, picture ?? null, "");
  if (!problem) setText(find(".said__trace", item), text("chat_sending"));
  const failed = find(".said__problem", item);
  failed.hidden = !problem;
  setText(find("span", failed), problem);
  return item;
}
