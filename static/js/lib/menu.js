/** A button that opens a menu: arrows, Home, End and letters move in it, Escape and a press elsewhere close it. */

/**
 * Binds a button to its menu, whose entries have a role that begins with `menuitem`.
 * @param {HTMLElement} button
 * @param {HTMLElement} menu
 * @returns {{close: (returnsFocus?: boolean) => void}}
 */
export function bindMenu(button, menu) {
  const isOpen = () => !menu.hidden;
  const set = (/** @type {boolean} */ opens) => {
    menu.hidden = !opens;
    button.setAttribute("aria-expanded", String(opens));
  };
  const close = (returnsFocus = false) => {
    if (!isOpen()) return;
    set(false);
    if (returnsFocus) button.focus();
  };
  const open = (/** @type {number} */ index) => {
    set(true);
    entries(menu).at(index)?.focus();
  };
  button.addEventListener("click", () => (isOpen() ? close(true) : open(0)));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    open(event.key === "ArrowDown" ? 0 : -1);
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(true);
    } else if (event.key === "Tab") close();
    else move(event, entries(menu));
  });
  // The entry's own action comes first: it may take the focus elsewhere.
  menu.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[role^=menuitem]")) close(true);
  }, { capture: true });
  document.addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !menu.contains(target) && !button.contains(target)) close();
  });
  return { close };
}

/** @param {HTMLElement} menu @returns {HTMLElement[]} those that are to be seen */
function entries(menu) {
  const found = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("[role^=menuitem]")]);
  return found.filter((entry) => entry.checkVisibility());
}

/** @param {KeyboardEvent} event @param {HTMLElement[]} items */
function move(event, items) {
  const next = target(event.key, items, items.findIndex((item) => item === document.activeElement));
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** @param {string} key @param {HTMLElement[]} items @param {number} at */
function target(key, items, at) {
  if (key === "ArrowDown") return items[(at + 1) % items.length];
  if (key === "ArrowUp") return items.at(at <= 0 ? -1 : at - 1);
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  if (key.length !== 1 || key === " ") return undefined;
  const letter = key.toLocaleLowerCase();
  const rest = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return rest.find((item) => (item.textContent ?? "").trim().toLocaleLowerCase().startsWith(letter));
}
