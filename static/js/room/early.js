/**
 * Keeps a press that comes before the room's modules are there: it looks busy now, and they do it.
 * The one script that is no module, so that it runs before the page is first painted.
 */
(() => {
  /** @type {HTMLElement | null} */
  let pressed = null;

  /** @param {MouseEvent} event */
  function keep({ target }) {
    const button = target instanceof Element ? target.closest("[data-action]") : null;
    if (!(button instanceof HTMLElement) || pressed) return;
    pressed = button;
    pressed.setAttribute("aria-busy", "true");
  }

  function release() {
    document.removeEventListener("click", keep);
    pressed?.removeAttribute("aria-busy");
    pressed?.click();
  }

  document.addEventListener("click", keep);
  document.addEventListener("lectern:ready", release, { once: true });
})();
