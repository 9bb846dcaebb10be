/** What a sheet holds in words, for those who don't see it: how much of what, and every text and note. */

import { find, setText } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";
import { digest } from "../state/sheet.js";

const AFTER_MS = 500;
const MOST_WORDS = 200;

/** Keeps the words as the sheet is. @param {HTMLElement} root @param {import("./desk.js").Desk} desk */
export function startWords(root, desk) {
  let timer = 0;
  desk.on("elements", () => {
    delete desk.host.dataset.digest;
    timer ||= setTimeout(() => {
      timer = 0;
      fill(root, [...desk.elements.values()]);
      sign(desk);
    }, AFTER_MS);
  });
  // What is confirmed may look as before.
  desk.on("sent", () => sign(desk));
}

/**
 * Says in the page what it shows, so that two screens can be compared: the same word for the same elements.
 * @param {import("./desk.js").Desk} desk
 */
function sign({ host, link, elements }) {
  if (!link || link.sheet.pendingCount || link.sheet.version < 0) return;
  host.dataset.digest = digest(elements.values());
  host.dataset.count = String(elements.size);
}

/** @param {HTMLElement} root @param {import("../state/sheet.js").Element[]} elements */
function fill(root, elements) {
  const count = (/** @type {string[]} */ ...types) => elements.filter(({ type }) => types.includes(type)).length;
  const counts = {
    notes: count("note"),
    texts: count("text"),
    strokes: count("ink", "marker"),
    shapes: count("line", "rect", "ellipse"),
  };
  setText(find("[data-sheet-summary]", root), text(elements.length ? "board_summary" : "board_empty", counts));
  const written = elements.filter((element) => element.text).sort((a, b) => a.z - b.z);
  const items = written.slice(0, MOST_WORDS).map((element) => {
    const item = document.createElement("li");
    setText(item, text(element.type === "note" ? "board_note" : "board_text", { text: element.text ?? "" }));
    return item;
  });
  find("[data-sheet-words]", root).replaceChildren(...items);
}
