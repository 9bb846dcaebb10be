/** Asking the class: for staff the polls of the lesson, for the others what they are asked. */

import { find } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { Answering } from "./polls/answering.js";
import { Conducting } from "./polls/conducting.js";
import { Maker } from "./polls/maker.js";
import { keep, slipOf, withOwn } from "./polls/slips.js";
import { RequestError } from "./session.js";
import { cardKey, cardPoll, openPoll, SCALE, withAnswer } from "./state/polls.js";
import { view } from "./state.js";

const TYPING = "input:not([type=range], [type=checkbox], [type=radio]), select, textarea, [contenteditable]";

/** @typedef {import("./state/polls.js").Poll} Poll */
/** @typedef {import("./state/polls.js").Answer} Answer */
/** @typedef {import("./main.js").Parts} Parts */

/** Starts the feature. @param {Parts} parts @returns {Record<string, () => unknown>} */
export function startPolls(parts) {
  announce(parts);
  return parts.store.state.mayPublish ? conduct(parts) : attend(parts);
}

/** Shows one entry for each poll, the newest first; entries stay the same. */
class List {
  /** @type {Map<string, {element: HTMLElement, key: string}>} */ #entries = new Map();

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /**
   * @template {{element: HTMLElement}} T
   * @param {Poll[]} polls
   * @param {(poll: Poll) => T} begin
   * @param {(entry: T, poll: Poll) => void} update
   */
  fill(polls, begin, update) {
    const wanted = [...polls].reverse();
    const before = this.#entries;
    this.#entries = new Map();
    for (const poll of wanted) {
      const key = JSON.stringify([poll.kind, poll.options, poll.question, poll.is_anonymous]);
      const known = before.get(poll.id);
      const entry = known?.key === key ? known : Object.assign(begin(poll), { key });
      this.#entries.set(poll.id, entry);
      update(/** @type {any} */ (entry), poll);
    }
    const elements = [...this.#entries.values()].map((entry) => entry.element);
    // Only what has moved is moved: an element that is put anew loses the focus.
    elements.forEach((element, index) => {
      if (this.element.children[index] !== element) this.element.insertBefore(element, this.element.children[index] ?? null);
    });
    while (this.element.children.length > elements.length) this.element.lastElementChild?.remove();
    find("#polls-empty").hidden = elements.length > 0;
  }
}

/** @param {Parts} parts */
function announce({ store, say }) {
  store.watch((state, previous) => {
    if (state.polls === previous.polls) return;
    const now = openPoll(state.polls);
    const before = openPoll(previous.polls);
    if (now && now.id !== before?.id && !state.mayPublish) say(text("polls_asked", { question: now.question }));
    const shown = state.polls.find(({ id, is_shown }) => is_shown && previous.polls.some((poll) => poll.id === id && !poll.is_shown));
    if (shown && !state.mayPublish) say(text("polls_results_shown", { question: shown.question }));
    const isNew = (now && now.id !== before?.id) || shown;
    if (isNew && !state.mayPublish && state.panel !== "questions" && previous.lesson) {
      store.patch({ unread: { ...state.unread, questions: 1 } });
    }
  });
}

/** @param {(sentence: string) => void} notice @param {unknown} error */
function complain(notice, error) {
  if (!(error instanceof RequestError)) throw error;
  const isAway = ["offline", "timeout"].includes(error.code);
  notice(error.sentence || text(isAway ? "try_again_offline" : "try_again"));
}

// Who answers

/** @param {Parts} parts */
function attend({ store, session, notice }) {
  const send = async (/** @type {Poll} */ poll, /** @type {Answer} */ answer) => {
    const slip = poll.is_anonymous ? slipOf(poll.id).slip : "";
    try {
      await session.request("polls.answer", { poll: poll.id, answer, slip });
    } catch (error) {
      return complain(notice, error);
    }
    if (poll.is_anonymous) keep(poll.id, { slip, answer });
    // Whoever has answered has seen it.
    store.patch({ polls: withAnswer(store.state.polls, poll.id, answer), unread: { ...store.state.unread, questions: 0 } });
  };
  const list = new List(find("#polls-list"));
  const card = new Card(send);
  store.watch((state, previous) => {
    if (state.polls !== previous.polls || state === previous) {
      list.fill(state.polls.map(withOwn), (poll) => new Answering(poll, send), (entry, poll) => entry.update(poll));
    }
    card.show(state);
  });
  find("#poll-card-close").addEventListener("click", () => card.dismiss(store.state));
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !/^[1-9]$/.test(event.key)) return;
    if (event.target instanceof Element && event.target.matches(TYPING)) return;
    const poll = openPoll(store.state.polls);
    if (poll && view(store.state) === "watching") list.element.querySelectorAll(`[data-poll="${poll.id}"] .option`).item(Number(event.key) - 1)?.dispatchEvent(new Event("click"));
  });
  return {};
}

/**
 * What one is asked now, while the Ask tab doesn't show the same: above the other tabs of an open panel, so that it
 * covers no picture, else over a corner of the stage.
 */
class Card {
  /** @type {Set<string>} */ #dismissed = new Set();
  /** @type {Answering | null} */ #entry = null;
  #key = "";
  #isFirst = true;

  /** @param {(poll: Poll, answer: Answer) => Promise<void>} send */
  constructor(send) {
    this.send = send;
    this.element = find("#poll-card");
  }

  /** @param {import("./state.js").RoomState} state */
  show(state) {
    if (this.#isFirst && state.lesson) {
      // Results that were shown before the page came are found in the panel.
      for (const poll of state.polls) if (poll.is_shown) this.#dismissed.add(cardKey(poll));
      this.#isFirst = false;
    }
    const isSeen = state.panel !== "questions" && ["watching", "onstage", "waiting"].includes(view(state));
    const poll = isSeen ? cardPoll(state.polls, this.#dismissed) : undefined;
    this.element.hidden = !poll;
    if (!poll) return;
    this.#place(Boolean(state.panel));
    const own = withOwn(poll);
    const key = JSON.stringify([poll.id, poll.question, poll.options]);
    if (this.#key !== key || !this.#entry) {
      this.#entry = new Answering(own, this.send);
      find("#poll-card-body").replaceChildren(this.#entry.element);
      this.#key = key;
    }
    this.#entry.update(own);
  }

  /** @param {boolean} isDocked */
  #place(isDocked) {
    const place = find(isDocked ? "#panel" : "#stage");
    if (this.element.parentElement === place) return;
    const hadFocus = document.activeElement;
    if (isDocked) find(".panel__head").after(this.element);
    else place.append(this.element);
    if (hadFocus instanceof HTMLElement && this.element.contains(hadFocus)) hadFocus.focus();
  }

  /** @param {import("./state.js").RoomState} state */
  dismiss(state) {
    const poll = cardPoll(state.polls, this.#dismissed);
    if (poll) this.#dismissed.add(cardKey(poll));
    this.show(state);
    find(state.panel ? `#tab-${state.panel}` : '[data-opener="questions"]').focus();
  }
}

// Who asks

/** @param {Parts} parts */
function conduct({ store, session, notice }) {
  const ask = async (/** @type {string} */ type, /** @type {object} */ body) => {
    try {
      return await session.request(type, body);
    } catch (error) {
      complain(notice, error);
      return null;
    }
  };
  const maker = new Maker(async (draft, poll, opens) => {
    if (!poll) return Boolean(await ask("polls.make", { ...draft, open: opens }));
    const isKept = Boolean(await ask("polls.edit", { ...draft, poll }));
    return isKept && opens ? Boolean(await ask("polls.open", { poll })) : isKept;
  });
  const acts = actions(ask, maker);
  const list = new List(find("#polls-list"));
  store.watch((state, previous) => {
    if (state.polls === previous.polls && state.people === previous.people && state !== previous) return;
    const students = state.people.filter(({ role }) => role === "student").length;
    const begin = (/** @type {Poll} */ poll) => new Conducting(poll, (act, now, item) => acts[act](now, item));
    list.fill(state.polls, begin, (entry, poll) => entry.update(poll, students));
  });
  find("#poll-new").addEventListener("click", () => (maker.form.hidden ? maker.open() : maker.close()));
  return quick(ask);
}

/**
 * @param {(type: string, body: object) => Promise<any>} ask returns null where it failed, which has been said then
 * @param {Maker} maker
 * @returns {Record<import("./polls/conducting.js").Act, (poll: Poll, item: Conducting) => unknown>}
 */
function actions(ask, maker) {
  const show = (/** @type {Poll} */ { id }, /** @type {boolean} */ isShown) => ask("polls.show", { poll: id, is_shown: isShown });
  return {
    open: ({ id }) => ask("polls.open", { poll: id }),
    close: ({ id }) => ask("polls.close", { poll: id }),
    show: (poll) => show(poll, true),
    hide: (poll) => show(poll, false),
    close_show: async (poll) => {
      if (await ask("polls.close", { poll: poll.id })) await show(poll, true);
    },
    edit: (poll) => maker.open(poll),
    delete: ({ id }) => ask("polls.delete", { poll: id }),
    answers: async ({ id }, item) => {
      const reply = await ask("polls.answers", { poll: id });
      if (reply) item.name(reply.answers);
    },
  };
}

/** What is asked with one click. @param {(type: string, body: object) => Promise<any>} ask */
function quick(ask) {
  const polls = {
    poll_yes_no: { kind: "choice", question: text("polls_quick_yes_no"), options: [text("polls_yes"), text("polls_no")] },
    poll_letters: { kind: "choice", question: text("polls_quick_letters"), options: ["A", "B", "C", "D"] },
    poll_scale: { kind: "scale", question: text("polls_quick_scale", { low: SCALE[0], high: SCALE[4] }), options: [] },
  };
  const anonymous = /** @type {HTMLInputElement} */ (find("#poll-quick-anonymous"));
  const make = (/** @type {object} */ poll) => () =>
    ask("polls.make", { ...poll, right: null, explanation: "", is_anonymous: anonymous.checked, open: true });
  return Object.fromEntries(Object.entries(polls).map(([name, poll]) => [name, make(poll)]));
}
