/** A poll as staff see it: its results as they come, and what can be done with it. */

import { setText } from "../../lib/dom.js";
import { make } from "../../lib/make.js";
import { text } from "../../lib/texts.js";
import { choicesOf } from "../state/polls.js";
import { fillBars } from "./bars.js";

/** @typedef {import("../state/polls.js").Poll} Poll */
/** @typedef {"open" | "close" | "show" | "hide" | "close_show" | "edit" | "delete" | "answers"} Act */
/** @typedef {(act: Act, poll: Poll, item: Conducting) => unknown} Do */

/** What can be done with a poll, the likeliest first. @param {Poll} poll @returns {Act[]} */
function actsOf({ state, is_shown, is_anonymous }) {
  if (state === "draft") return ["open", "edit", "delete"];
  if (state === "open") return ["close_show", "close"];
  return [is_shown ? "hide" : "show", ...(is_anonymous ? [] : /** @type {Act[]} */ (["answers"])), "open"];
}

export class Conducting {
  /** @type {Poll} */ #poll;

  /** @param {Poll} poll @param {Do} act */
  constructor(poll, act) {
    this.#poll = poll;
    this.bars = make("ol", { class: "bars" });
    this.count = make("p", { class: "poll__status" });
    this.state = make("span", { class: "poll__state" });
    this.shown = make("span", { class: "poll__shown" });
    this.question = make("h2", { class: "poll__question", dir: "auto" });
    this.explanation = make("p", { class: "poll__explanation", dir: "auto" });
    this.acts = make("div", { class: "poll__acts" });
    this.names = make("ul", { class: "poll__names", hidden: true });
    this.element = make(
      "article",
      { class: "poll", "data-poll": poll.id },
      make("p", { class: "poll__kind" }, this.state, this.shown, make("span", {}, text(poll.is_anonymous ? "polls_anonymous" : "polls_named"))),
      this.question,
      this.bars,
      this.explanation,
      this.count,
      this.names,
      this.acts,
    );
    this.acts.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button) act(/** @type {Act} */ (button.dataset.act), this.#poll, this);
    });
    this.update(poll, 0);
  }

  /** @param {Poll} poll @param {number} students how many could answer now */
  update(poll, students) {
    this.#poll = poll;
    this.element.dataset.state = poll.state;
    setText(this.question, poll.question);
    setText(this.state, text(`polls_state_${poll.state}`));
    setText(this.shown, poll.is_shown ? text("polls_is_shown") : "");
    const results = poll.results ?? { answered: 0, counts: choicesOf(poll).map(() => 0) };
    fillBars(this.bars, poll, results, poll.right ?? null);
    setText(this.explanation, poll.explanation ?? "");
    setText(this.count, this.#counted(results.answered, students));
    this.#offer(actsOf(poll));
    if (poll.state !== "closed") this.names.hidden = true;
  }

  /** @param {number} answered @param {number} students */
  #counted(answered, students) {
    if (this.#poll.state === "draft") return "";
    if (this.#poll.state === "open") return text("polls_answered_of", { answered, students: Math.max(students, answered) });
    return text(answered === 1 ? "polls_answered_one" : "polls_answered", { answered });
  }

  /** @param {Act[]} acts */
  #offer(acts) {
    const now = [...this.acts.children].map((button) => /** @type {HTMLElement} */ (button).dataset.act);
    if (now.join() === acts.join()) return;
    const hadFocus = this.acts.contains(document.activeElement);
    const again = this.#poll.state === "closed";
    this.acts.replaceChildren(
      ...acts.map((act, index) =>
        make("button", { type: "button", class: index ? "button" : "button button--primary", "data-act": act }, text(act === "open" && again ? "polls_act_again" : `polls_act_${act}`)),
      ),
    );
    if (hadFocus) /** @type {HTMLElement | null} */ (this.acts.firstElementChild)?.focus();
  }

  /** Shows who has answered what. @param {{name: string, answer: import("../state/polls.js").Answer}[]} answers */
  name(answers) {
    const choices = choicesOf(this.#poll);
    const said = (/** @type {import("../state/polls.js").Answer} */ answer) =>
      typeof answer === "string" ? answer : answer.map((index) => choices[index]).join(", ");
    this.names.replaceChildren(
      ...answers.map(({ name, answer }) => make("li", {}, make("span", { dir: "auto" }, name), make("b", { dir: "auto" }, said(answer)))),
    );
    this.names.hidden = false;
  }
}
