/**
 * Returns the one element that must be there.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {T}
 */
export function find(selector, within = document) {
  const element = within.querySelector(selector);
  if (!element) throw new Error(`The page has no ${selector}.`);
  return /** @type {T} */ (/** @type {unknown} */ (element));
}

/**
 * Returns the element, or null where this person's page has none.
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @returns {T | null}
 */
export function findOptional(selector) {
  return /** @type {T | null} */ (/** @type {unknown} */ (document.querySelector(selector)));
}

/**
 * Sets the text only where it differs: a live region speaks at every assignment.
 * @param {Element} element
 * @param {string} value
 */
export function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/**
 * Shows the button as busy at once and until the work is done; a second press meanwhile does nothing.
 * @param {HTMLElement} button
 * @param {() => Promise<unknown>} work
 */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/**
 * Returns up to two initials of a name, whatever its script.
 * @param {string} name
 * @returns {string}
 */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const chosen = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return chosen
    .map((word) => [...word][0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

/**
 * Resolves when the page has come whole. A player that gets a stream earlier holds back the browser's sign for that
 * until the stream's first picture: for ever, if nobody sends one.
 * @returns {Promise<unknown>}
 */
export function whenLoaded() {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((resolve) => addEventListener("load", resolve, { once: true }));
}
