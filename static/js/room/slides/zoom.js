/** Makes a page larger: by buttons, by the wheel with Ctrl, by two fingers; the place under them stays. */

const LARGEST = 6;
const STEP = 1.4;
const WHEEL_STEP = 0.01;

export class Zoom {
  #factor = 1;
  /** @type {Map<number, {x: number, y: number}>} */ #fingers = new Map();

  /** @param {HTMLElement} view what scrolls @param {HTMLElement} page what grows in it */
  constructor(view, page) {
    this.view = view;
    this.page = page;
    view.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    view.addEventListener("pointerdown", (event) => this.#finger(event));
    view.addEventListener("pointermove", (event) => this.#pinch(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      view.addEventListener(end, (event) => this.#fingers.delete(/** @type {PointerEvent} */ (event).pointerId));
    }
  }

  get isEnlarged() {
    return this.#factor > 1;
  }

  /** Goes back to the whole page. */
  reset() {
    this.#set(1, this.#centre);
  }

  /** @param {1 | -1} direction */
  step(direction) {
    this.#set(this.#factor * STEP ** direction, this.#centre);
  }

  /** @param {number} width @param {number} height of the page's picture */
  setShape(width, height) {
    this.page.style.setProperty("--ratio", String(width / height));
  }

  get #centre() {
    const { left, top, width, height } = this.view.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }

  /** @param {WheelEvent} event a touch pad's two fingers come as one with Ctrl */
  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const factor = Math.exp(-Math.max(-50, Math.min(50, event.deltaY)) * WHEEL_STEP);
    this.#set(this.#factor * factor, { x: event.clientX, y: event.clientY });
  }

  /** @param {PointerEvent} event */
  #finger({ pointerType, pointerId, clientX, clientY }) {
    if (pointerType === "touch") this.#fingers.set(pointerId, { x: clientX, y: clientY });
  }

  /** @param {PointerEvent} event */
  #pinch({ pointerId, clientX, clientY }) {
    if (!this.#fingers.has(pointerId)) return;
    const before = this.#spread;
    this.#fingers.set(pointerId, { x: clientX, y: clientY });
    const now = this.#spread;
    if (before && now) this.#set((this.#factor * now.distance) / before.distance, now);
  }

  /** How far apart two fingers are, and the place between them. */
  get #spread() {
    const [first, second] = [...this.#fingers.values()];
    if (this.#fingers.size !== 2) return null;
    const distance = Math.max(1, Math.hypot(first.x - second.x, first.y - second.y));
    return { distance, x: (first.x + second.x) / 2, y: (first.y + second.y) / 2 };
  }

  /** @param {number} wanted @param {{x: number, y: number}} place in the window, that stays where it is */
  #set(wanted, { x, y }) {
    const factor = Math.max(1, Math.min(LARGEST, wanted));
    const before = this.page.getBoundingClientRect();
    this.#factor = factor < 1.05 ? 1 : factor;
    this.view.style.setProperty("--zoom", String(this.#factor));
    this.view.toggleAttribute("data-enlarged", this.isEnlarged);
    if (!before.width) return;
    const after = this.page.getBoundingClientRect();
    this.view.scrollBy({
      left: ((x - before.left) / before.width) * after.width - (x - after.left),
      top: ((y - before.top) / before.height) * after.height - (y - after.top),
      behavior: "instant",
    });
  }
}
