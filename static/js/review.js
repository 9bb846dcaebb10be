/** The page after a lesson: what was written and drawn is shown as it was in the room. */

import { draw, parse } from "./lib/markdown.js";
import { paintSheet } from "./room/board/paint.js";

/** Of the pictures with ink, in pixels. */
const WIDTH = 1600;

for (const element of document.querySelectorAll("[data-markdown]")) {
  element.replaceChildren(...draw(parse(element.textContent ?? "")));
}

/** Draws a page with what was drawn on it, a slide or the board's, once it comes into sight. @param {HTMLElement} frame */
async function drawPage(frame) {
  const picture = frame.querySelector("img");
  const background = frame.dataset.background ?? "plain";
  const [response] = await Promise.all([fetch(frame.dataset.sheet ?? ""), picture?.decode()]);
  if (!response.ok) return;
  const { elements, height } = await response.json();
  frame.append(paintSheet(elements, { height, background, picture }, WIDTH));
}

const watch = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || !(target instanceof HTMLElement)) continue;
    watch.unobserve(target);
    drawPage(target).catch(console.error);
  }
});
for (const frame of document.querySelectorAll("[data-sheet]")) watch.observe(frame);
