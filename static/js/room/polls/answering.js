/** A poll as those see it who answer: what can be pressed, what they have answered, and results once shown. */

import { setText } from "../../lib/dom.js";
import { make } from "../../lib/make.js";
import { text } from "../../lib/texts.js";
import { choicesOf, pressed } from "../state/polls.js";
import { fillBars } from "./bars.js";

const MAX_TEXT_LENGTH = 200;
const DIRECT = ["choice", "scale", "quiz"];

/** @typedef {import("../state/polls.js").Poll} Poll */
/** @typedef {import("../state/polls.js").Answer} Answer */

export class Answering {
  /** What is chosen and not sent yet, of a poll with several answers. @type {number[] | null} */ #chosen = null;
  /** @type {Poll} */ #poll;
  /** @type {(poll: Poll, answer: Answer) => Promise<void>} */ #send;

  /**
   * @param {Poll} poll
   * @param {(poll: Poll, answer: Answer) => Promise<void>} send
   */
  constructor(poll, send) {
    this.#poll = poll;
    this.#send = send;
    this.status = make("p", { class: "poll__status" });
    this.form = make("form", { class: "poll__form" }, ...this.#fields());
    this.bars = make("ol", { class: "bars" });
    this.explanation = make("p", { class: "poll__explanation", dir: "auto" });
    this.element = make(
      "article",
      { class: "poll", "data-poll": poll.id },
      make("p", { class: "poll__kind" }, text(poll.is_anonymous ? "polls_anonymous" : "polls_named")),
      make("h2", { class: "poll__question", dir: "auto" }, poll.question),
      this.form,
      this.bars,
      this.explanation,
      this.status,
    );
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.update(poll);
  }

  /** @returns {Node[]} */
  #fields() {
    const poll = this.#poll;
    if (poll.kind === "text") {
      const field = make("input", { class: "poll__text", maxlength: MAX_TEXT_LENGTH, required: true, "aria-label": text("polls_your_answer"), autocomplete: "off", dir: "auto" });
      return [field, make("button", { class: "button button--primary" }, text("polls_send"))];
    }
    const options = choicesOf(poll).map((label, index) => this.#option(label, index));
    const list = make("div", { class: poll.kind === "scale" ? "options options--row" : "options", role: "group", "aria-label": poll.question }, ...options);
    const isDirect = DIRECT.includes(poll.kind);
    return [list, ...(isDirect ? [] : [make("button", { class: "button button--primary" }, text("polls_send"))])];
  }

  /** @param {string} label @param {number} index */
  #option(label, index) {
    const button = make(
      "button",
      { type: "button", class: "option", "aria-pressed": "false", "aria-keyshortcuts": index + 1 },
      this.#poll.kind === "scale" ? false : make("span", { class: "option__key", "aria-hidden": "true" }, String(index + 1)),
      make("span", { class: "option__label", dir: "auto" }, label),
    );
    button.addEventListener("click", () => this.press(index));
    return button;
  }

  /** Presses an option; does nothing where there is none, or the poll is closed. @param {number} index */
  async press(index) {
    const poll = this.#poll;
    if (poll.state !== "open" || index >= choicesOf(poll).length) return;
    const chosen = pressed(poll, this.#chosen ?? poll.mine, index);
    this.#chosen = chosen;
    this.#mark();
    if (!DIRECT.includes(poll.kind)) return;
    await this.#send(poll, chosen);
    this.#chosen = null;
    this.#mark();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const field = this.form.querySelector("input");
    const answer = field ? field.value.trim() : this.#chosen ?? this.#poll.mine ?? [];
    if (!answer.length) return;
    await this.#send(this.#poll, answer);
    this.#chosen = null;
    this.#mark();
  }

  /** Shows what has changed; the poll is the same one. @param {Poll} poll */
  update(poll) {
    this.#poll = poll;
    const field = this.form.querySelector("input");
    if (field && document.activeElement !== field && typeof poll.mine === "string") field.value = poll.mine;
    this.element.dataset.state = poll.state;
    this.element.toggleAttribute("data-answered", Boolean(poll.answered_by_me));
    this.form.hidden = poll.state !== "open";
    this.bars.hidden = !poll.shown;
    if (poll.shown) fillBars(this.bars, poll, poll.shown, poll.shown.right);
    setText(this.explanation, poll.shown?.explanation ?? "");
    setText(this.status, status(poll));
    this.#mark();
  }

  #mark() {
    const answer = this.#chosen ?? this.#poll.mine;
    this.form.querySelectorAll(".option").forEach((option, index) => {
      option.setAttribute("aria-pressed", String(Array.isArray(answer) && answer.includes(index)));
    });
  }
}

/** @param {Poll} poll */
function status(poll) {
  const own = ownAnswer(poll);
  if (poll.state === "open") {
    if (!poll.answered_by_me) return poll.is_anonymous ? text("polls_anonymous_help") : "";
    return own ? text("polls_sent_own", { answer: own }) : text("polls_sent");
  }
  const parts = [poll.shown ? "" : text("polls_closed_hidden"), own ? text("polls_own", { answer: own }) : ""];
  return parts.filter(Boolean).join(" ");
}

/** One's own answer in words; empty where there is none, or nobody knows. @param {Poll} poll */
function ownAnswer(poll) {
  if (typeof poll.mine === "string") return poll.mine;
  return (poll.mine ?? []).map((index) => choicesOf(poll)[index]).join(", ");
}
