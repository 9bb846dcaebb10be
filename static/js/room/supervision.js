/** While no teacher is connected everyone reads so; what students can't do meanwhile, each feature says itself. */

import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";

/**
 * Keeps the banner in step.
 * @param {import("./main.js").Parts} parts
 * @returns {import("./controls.js").Actions}
 */
export function startSupervision({ store }) {
  store.watch(({ settings, lesson, failure, mayPublish }) => {
    const isOff = !settings.is_supervised && lesson?.phase === "live" && !failure;
    find("#supervision").toggleAttribute("data-shown", isOff);
    setText(find("#supervision-text"), isOff ? text(mayPublish ? "unsupervised_staff" : "unsupervised") : "");
  });
  return {};
}
