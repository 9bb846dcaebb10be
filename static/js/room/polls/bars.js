/** The results of a poll as bars; what changes moves, and nothing is made anew. */

import { setText } from "../../lib/dom.js";
import { make } from "../../lib/make.js";
import { text } from "../../lib/texts.js";
import { choicesOf } from "../state/polls.js";

const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

/**
 * Shows results in a list; call it again with newer ones of the same poll.
 * @param {HTMLElement} list
 * @param {import("../state/polls.js").Poll} poll
 * @param {import("../state/polls.js").Results} results
 * @param {number | null} right which option is marked as the right one
 */
export function fillBars(list, poll, results, right) {
  const rows = results.texts ?? choicesOf(poll).map((label, index) => /** @type {const} */ ([label, results.counts?.[index] ?? 0]));
  while (list.children.length > rows.length) list.lastElementChild?.remove();
  while (list.children.length < rows.length) list.append(bar());
  const most = poll.kind === "text" ? Math.max(1, ...rows.map(([, count]) => count)) : Math.max(1, results.answered);
  rows.forEach(([label, count], index) => {
    const row = /** @type {HTMLElement} */ (list.children[index]);
    row.style.setProperty("--share", String(count / most));
    row.classList.toggle("bar--right", index === right);
    const [name, mark, number] = [".bar__label", ".bar__mark", ".bar__count"].map((found) => row.querySelector(found));
    if (!name || !mark || !number) return;
    setText(name, label);
    setText(mark, index === right ? text("polls_right") : "");
    const share = poll.kind === "text" ? "" : ` · ${percent.format(count / most)}`;
    setText(number, `${count}${share}`);
  });
}

function bar() {
  return make(
    "li",
    { class: "bar" },
    make("span", { class: "bar__label", dir: "auto" }),
    make("span", { class: "bar__mark" }),
    make("span", { class: "bar__count" }),
  );
}
