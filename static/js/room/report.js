/** A report to the school, about a message or about anything: every `[data-report]` opens it. */

import { find, setText, whileBusy } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { RequestError } from "./session.js";

const QUOTED = 120;

/**
 * @param {{store: import("./state.js").Store, session: import("./session.js").Session,
 *   notice: (sentence: string) => void}} parts
 * @returns {Record<string, () => unknown>}
 */
export function startReport({ store, session, notice }) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#report"));
  const words = /** @type {HTMLTextAreaElement} */ (find("#report-words"));
  /** @type {number | null} */ let message = null;
  document.addEventListener("click", ({ target }) => {
    const entry = target instanceof Element ? target.closest("[data-report]") : null;
    if (!(entry instanceof HTMLElement)) return;
    message = entry.dataset.report ? Number(entry.dataset.report) : null;
    about(store.state.chat.messages.find(({ id }) => id === message)?.text ?? "");
    words.required = message === null;
    dialog.showModal();
    words.focus();
  });
  find("#report-cancel").addEventListener("click", () => dialog.close());
  find("#report-form").addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(find("[type=submit]", dialog), async () => {
      try {
        await session.request("report.send", { message, words: words.value.trim() });
        words.value = "";
        dialog.close();
        notice(text("report_sent"));
      } catch (error) {
        problem((error instanceof RequestError && error.sentence) || text("try_again"));
      }
    });
  });
  dialog.addEventListener("close", () => problem(""));
  return {};
}

/** @param {string} said */
function about(said) {
  const place = find("#report-about");
  place.hidden = !said;
  const quoted = said.length > QUOTED ? `${said.slice(0, QUOTED)}…` : said;
  setText(place, said ? text("report_about", { text: quoted }) : "");
}

/** @param {string} sentence */
function problem(sentence) {
  const place = find("#report-problem");
  place.hidden = !sentence;
  setText(place, sentence);
}
