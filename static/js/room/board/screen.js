/** What part of a sheet is seen in its place on the page, and how large. */

import { Emitter } from "../../lib/emitter.js";
import { BOARD_HEIGHT, WIDTH } from "./geometry.js";
import { fit, pan, showPart, toSheet, zoom } from "./viewport.js";

const ZOOM_STEP = 1.25;
const MAX_RATIO = 2;

/** @typedef {{x: number, y: number, width: number, height: number}} Part a part of a sheet by its middle, in the sheet's units */

/** Emits `view` after zooming and moving, `moved` where the person did that, and `size` (the screen's pixels in a CSS pixel) when the place has another. */
export class Screen extends Emitter {
  /** @type {import("./viewport.js").View} */ view = { scale: 1, x: 0, y: 0 };
  size = { width: 1, height: 1 };
  /** Whether the whole sheet is to be seen, however large the place becomes. */
  isFitted = true;
  /** The part that is to be seen, however large the place becomes. @type {Part | null} */ #part = null;

  /** @param {HTMLElement} host */
  constructor(host) {
    super();
    this.host = host;
    new ResizeObserver(() => this.#measure()).observe(host);
  }

  /** How high the sheet is, in its units. */
  get paperHeight() {
    return BOARD_HEIGHT;
  }

  get #paper() {
    return { width: WIDTH, height: this.paperHeight };
  }

  /** Shows the whole sheet. */
  fit() {
    this.isFitted = true;
    this.#part = null;
    this.#look(fit(this.size, this.#paper));
  }

  /** Shows the whole sheet because the person wants to see it. */
  seeAll() {
    this.fit();
    this.emit("moved");
  }

  /** @param {number} direction 1 to see less and larger, -1 to see more */
  zoomStep(direction) {
    this.zoomAt(ZOOM_STEP ** direction, this.size.width / 2, this.size.height / 2);
  }

  /** @param {number} factor @param {number} x @param {number} y in pixels of the place */
  zoomAt(factor, x, y) {
    this.isFitted = false;
    this.#part = null;
    this.#look(zoom(this.view, factor, { x, y }, this.size, this.#paper));
    this.emit("moved");
  }

  /** @param {number} dx @param {number} dy in pixels */
  panBy(dx, dy) {
    this.isFitted = false;
    this.#part = null;
    this.#look(pan(this.view, dx, dy, this.size, this.#paper));
    this.emit("moved");
  }

  /** Shows a part of the sheet, and more where the place has another shape. @param {Part} part */
  showPart(part) {
    this.isFitted = false;
    this.#part = part;
    this.#look(showPart(part, this.size, this.#paper));
  }

  /** What is seen. @returns {Part} */
  get part() {
    const { scale } = this.view;
    return { ...this.centre, width: this.size.width / scale, height: this.size.height / scale };
  }

  /** How large the sheet is seen, 1 being the whole. */
  get zoomFactor() {
    return this.view.scale / fit(this.size, this.#paper).scale;
  }

  /** The place on the sheet in the middle of what is seen. */
  get centre() {
    return toSheet(this.view, this.size.width / 2, this.size.height / 2);
  }

  /** @param {import("./viewport.js").View} view */
  #look(view) {
    this.view = view;
    this.emit("view");
  }

  #measure() {
    const { width, height } = this.host.getBoundingClientRect();
    if (!width || !height) return;
    this.size = { width, height };
    if (this.isFitted) this.fit();
    else if (this.#part) this.showPart(this.#part);
    else this.#look(pan(this.view, 0, 0, this.size, this.#paper));
    this.emit("size", Math.min(devicePixelRatio || 1, MAX_RATIO));
  }
}
