/** Menus of a toolbar: each lies at its button, within the window. */

import { find } from "../../lib/dom.js";

const EDGE_PX = 8;

/** Binds the menus in a bar to their buttons. @param {HTMLElement} bar */
export function bindPopovers(bar) {
  for (const menu of bar.querySelectorAll("[popover]")) {
    if (!(menu instanceof HTMLElement)) continue;
    const button = find(`[popovertarget="${menu.id}"]`, bar);
    menu.addEventListener("toggle", (event) => {
      const isOpen = /** @type {ToggleEvent} */ (event).newState === "open";
      button.setAttribute("aria-expanded", String(isOpen));
      if (isOpen) lay(menu, button);
    });
    menu.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("[data-closes]")) menu.hidePopover();
    });
  }
}

/** @param {HTMLElement} menu @param {HTMLElement} button */
function lay(menu, button) {
  const { left, top, bottom, width } = button.getBoundingClientRect();
  const last = innerWidth - menu.offsetWidth - EDGE_PX;
  const x = Math.max(EDGE_PX, Math.min(last, left + width / 2 - menu.offsetWidth / 2));
  menu.style.setProperty("--left", `${x}px`);
  menu.style.setProperty("--bottom", `${innerHeight - top + EDGE_PX}px`);
  menu.style.setProperty("--top", `${bottom + EDGE_PX}px`);
}
