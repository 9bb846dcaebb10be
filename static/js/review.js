/** The page after a lesson: what was written is shown as it was in the room. */

import { draw, parse } from "./lib/markdown.js";

for (const element of document.querySelectorAll("[data-markdown]")) {
  element.replaceChildren(...draw(parse(element.textContent ?? "")));
}
