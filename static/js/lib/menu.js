/** Menus: arrows, Home, End and letters move in them, Escape, Tab and a press elsewhere close them. */

/** A list of entries whose roles begin with `menuitem`, opened by one button or by one of many. */
export class Menu {
  /** @type {HTMLElement} */ #list;
  /** @type {HTMLElement | null} the button that has opened it */ #button = null;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
    list.addEventListener("keydown", (event) => this.#key(event));
    // Closed before the entry's own action begins, which may take the focus elsewhere.
    list.addEventListener("click", ({ target }) => this.#chosen(target), { capture: true });
    document.addEventListener("pointerdown", ({ target }) => this.#pressed(target));
  }

  /** Opens the menu of a button, or closes it. @param {HTMLElement} button @param {number} [index] which entry is first */
  toggle(button, index = 0) {
    if (this.#button === button) return this.close(true);
    this.close();
    this.#button = button;
    this.#list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    this.#entries().at(index)?.focus();
  }

  /** Closes it if it is open. @param {boolean} [returnsFocus] to the button */
  close(returnsFocus = false) {
    const button = this.#button;
    if (!button) return;
    this.#button = null;
    this.#list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (returnsFocus) button.focus();
  }

  /** @returns {HTMLElement[]} those that are to be seen */
  #entries() {
    const found = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll("[role^=menuitem]")]);
    return found.filter((entry) => entry.checkVisibility());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Tab") return this.close();
    if (event.key !== "Escape") return move(event, this.#entries());
    event.preventDefault();
    event.stopPropagation();
    this.close(true);
  }

  /** @param {EventTarget | null} target */
  #chosen(target) {
    if (target instanceof Element && target.closest("[role^=menuitem]")) this.close(true);
  }

  /** @param {EventTarget | null} target */
  #pressed(target) {
    if (target instanceof Node && !this.#list.contains(target) && !this.#button?.contains(target)) this.close();
  }
}

/**
 * Binds one button to the menu that is its alone.
 * @param {HTMLElement} button
 * @param {HTMLElement} list
 * @returns {Menu}
 */
export function bindMenu(button, list) {
  const menu = new Menu(list);
  button.addEventListener("click", () => menu.toggle(button));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (list.hidden) menu.toggle(button, event.key === "ArrowDown" ? 0 : -1);
  });
  return menu;
}

/** @param {KeyboardEvent} event @param {HTMLElement[]} items */
function move(event, items) {
  const next = destination(event.key, items, items.findIndex((item) => item === document.activeElement));
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** @param {string} key @param {HTMLElement[]} items @param {number} at */
function destination(key, items, at) {
  if (key === "ArrowDown") return items[(at + 1) % items.length];
  if (key === "ArrowUp") return items.at(at <= 0 ? -1 : at - 1);
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  if (key.length !== 1 || key === " ") return undefined;
  const letter = key.toLocaleLowerCase();
  const rest = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return rest.find((item) => (item.textContent ?? "").trim().toLocaleLowerCase().startsWith(letter));
}
