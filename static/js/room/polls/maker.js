/** The form in which staff write a poll. */

import { find, setText } from "../../lib/dom.js";
import { make } from "../../lib/make.js";
import { text } from "../../lib/texts.js";

const MAX_OPTIONS = 9;
const FIRST_OPTIONS = 2;
const MAX_OPTION_LENGTH = 120;
const WITH_OPTIONS = ["choice", "choices", "quiz"];

/** @typedef {{kind: string, question: string, options: string[], right: number | null, explanation: string, is_anonymous: boolean}} Draft */

export class Maker {
  /** @type {(draft: Draft, poll: string, opens: boolean) => Promise<boolean>} */ #save;
  /** @type {string} the poll that is changed; empty for a new one */ #poll = "";

  /** @param {(draft: Draft, poll: string, opens: boolean) => Promise<boolean>} save says whether it has worked */
  constructor(save) {
    this.#save = save;
    this.form = /** @type {HTMLFormElement} */ (find("#poll-maker"));
    this.options = find("#poll-options");
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.#field("kind").addEventListener("change", () => this.#fit());
    find("#poll-add-option").addEventListener("click", () => this.#add("").focus());
    find("#poll-cancel").addEventListener("click", () => this.close());
    this.form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.close();
    });
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
  }

  /** Opens the form, empty or with what a prepared poll asks. @param {import("../state/polls.js").Poll} [poll] */
  open(poll) {
    this.#poll = poll?.id ?? "";
    this.form.reset();
    this.#field("kind").value = poll?.kind ?? "choice";
    this.#field("question").value = poll?.question ?? "";
    this.#field("explanation").value = poll?.explanation ?? "";
    this.#field("is_anonymous").checked = poll?.is_anonymous ?? false;
    this.options.replaceChildren();
    for (const option of poll?.options.length ? poll.options : Array(FIRST_OPTIONS).fill("")) this.#add(option);
    const radios = this.options.querySelectorAll("input[type=radio]");
    const right = /** @type {HTMLInputElement | undefined} */ (radios[poll?.right ?? 0]);
    if (right) right.checked = true;
    this.#show(true);
    this.#fit();
    this.#field("question").focus();
  }

  /** Puts the form away. */
  close() {
    this.#show(false);
    find("#poll-new").focus();
  }

  /** @param {boolean} isOpen */
  #show(isOpen) {
    this.form.hidden = !isOpen;
    find("#poll-new").setAttribute("aria-expanded", String(isOpen));
  }

  /** @param {string} value */
  #add(value) {
    const number = this.options.children.length + 1;
    const field = make("input", { class: "maker__option", maxlength: MAX_OPTION_LENGTH, "aria-label": text("polls_option", { number }), autocomplete: "off", dir: "auto" });
    field.value = value;
    const right = make("input", { type: "radio", name: "right", class: "maker__right", "aria-label": text("polls_option_right", { number }) });
    this.options.append(make("li", {}, make("label", { class: "maker__mark" }, right), field));
    find("#poll-add-option").hidden = number >= MAX_OPTIONS;
    return field;
  }

  /** Shows the fields that the kind has. */
  #fit() {
    const kind = this.#field("kind").value;
    this.form.dataset.kind = kind;
    find("#poll-options-part").hidden = !WITH_OPTIONS.includes(kind);
    find("#poll-explanation-part").hidden = kind !== "quiz";
    find("#poll-right-help").hidden = kind !== "quiz";
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const opens = event.submitter?.getAttribute("value") === "open";
    const draft = this.#draft();
    if (typeof draft === "string") return this.#complain(draft);
    this.#complain("");
    if (await this.#save(draft, this.#poll, opens)) this.close();
  }

  /** @param {string} problem the key of a sentence, or empty */
  #complain(problem) {
    const place = find("#poll-problem");
    place.hidden = !problem;
    setText(place, problem ? text(problem) : "");
  }

  /** Returns what is asked, or the key of a sentence that says what is missing. @returns {Draft | string} */
  #draft() {
    const kind = this.#field("kind").value;
    const question = this.#field("question").value.trim();
    if (!question) return "polls_no_question";
    const rows = [...this.options.children].map((row) => ({
      option: /** @type {HTMLInputElement} */ (row.querySelector(".maker__option")).value.trim(),
      isRight: /** @type {HTMLInputElement} */ (row.querySelector(".maker__right")).checked,
    }));
    const filled = WITH_OPTIONS.includes(kind) ? rows.filter(({ option }) => option) : [];
    const options = filled.map(({ option }) => option);
    if (WITH_OPTIONS.includes(kind) && options.length < FIRST_OPTIONS) return "polls_few_options";
    if (new Set(options).size !== options.length) return "polls_same_options";
    const right = kind === "quiz" ? filled.findIndex(({ isRight }) => isRight) : null;
    if (right !== null && right < 0) return "polls_no_right";
    const explanation = kind === "quiz" ? this.#field("explanation").value.trim() : "";
    return { kind, question, options, right, explanation, is_anonymous: this.#field("is_anonymous").checked };
  }
}
