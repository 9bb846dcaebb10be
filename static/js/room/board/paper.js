/**
 * The lower canvas: paper, and all that is drawn and at rest. It stays as it is while somebody draws; only where
 * something changes a piece is drawn anew, and after zooming or moving everything that is seen, a slice at a time.
 */

import { boundsOf, overlap, pad, union, WIDTH } from "./geometry.js";
import { Grid } from "./grid.js";
import { paintElement, paintPaper } from "./paint.js";

/** @typedef {import("../state/sheet.js").Element} Element */
/** @typedef {import("./geometry.js").Box} Box */
/** @typedef {import("./viewport.js").View} View */

const SLICE_MS = 8;
/** With more than this in a piece, everything is drawn anew in slices: no frame is held up. */
const MAX_PIECE = 1_500;

/** Draws what it is given; knows nothing of people, tools or the network. */
export class Paper {
  grid = new Grid();
  /** What the canvas shows, by id. @type {Map<string, Element>} */ #painted = new Map();
  /** @type {Box[]} */ #dirty = [];
  /** @type {View} */ #view = { scale: 1, x: 0, y: 0 };
  /** The view that the canvas was painted for. @type {View} */ #paintedFor = this.#view;
  /** @type {{work: Element[], next: number, back: HTMLCanvasElement, context: CanvasRenderingContext2D} | null} */
  #render = null;
  #ratio = 1;
  #isDue = false;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => {height: number, background: string, picture: CanvasImageSource | null}} sheet
   */
  constructor(canvas, sheet) {
    this.canvas = canvas;
    this.sheet = sheet;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /** Takes a size in CSS pixels. @param {{width: number, height: number}} size @param {number} ratio */
  resize({ width, height }, ratio) {
    this.#ratio = ratio;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    this.#start();
    this.#finish();
  }

  /** Shows another part: at once as a stretched picture, then drawn anew. @param {View} view */
  look(view) {
    this.#view = view;
    this.#stretch();
    this.renderAll();
  }

  /** Has everything drawn anew, from the next frame on. */
  renderAll() {
    this.#render = null;
    this.#isDue = true;
  }

  /** Holds these elements and no others. @param {Iterable<Element>} elements */
  setAll(elements) {
    this.grid.clear();
    this.#painted.clear();
    for (const element of elements) this.#put(element);
    this.renderAll();
  }

  /** Shows an element as it is now. @param {Element} element */
  set(element) {
    const before = this.#painted.get(element.id);
    if (before === element) return;
    const box = boundsOf(element);
    const above = this.#above(element, box).length;
    // What comes back confirmed looks as it did, and lies where it did unless others have drawn over it.
    const isSame = before && looksSame(before, element) && above === this.#above(before, box).length;
    this.#put(element);
    if (isSame) return;
    if (before) this.#dirty.push(...(sameBox(boundsOf(before), box) ? [box] : [boundsOf(before), box]));
    else if (!above && !this.#render && !this.#isDue) this.#paintOn(this.context, element);
    else this.#dirty.push(box);
  }

  /** @param {string} id */
  delete(id) {
    const before = this.#painted.get(id);
    if (!before) return;
    this.#painted.delete(id);
    this.grid.delete(id);
    this.#dirty.push(boundsOf(before));
  }

  /** @param {string} id */
  has(id) {
    return this.#painted.has(id);
  }

  /** Draws what is due, for one frame; returns whether more is left. */
  frame() {
    if (this.#isDue) this.#start();
    if (this.#render) this.#slice();
    else if (this.#dirty.length) this.#patch();
    return Boolean(this.#render || this.#isDue || this.#dirty.length);
  }

  /** @param {Element} element */
  #put(element) {
    this.#painted.set(element.id, element);
    this.grid.set(element.id, boundsOf(element));
  }

  /** What lies over an element's place and above it. @param {Element} element @param {Box} box */
  #above({ id: own, z }, box) {
    return this.grid.query(box).filter((id) => id !== own && (this.#painted.get(id)?.z ?? 0) > z);
  }

  /** @param {Box} box @returns {Element[]} the lowest first */
  #within(box) {
    const found = this.grid.query(box).flatMap((id) => this.#painted.get(id) ?? []);
    return found.sort((a, b) => a.z - b.z);
  }

  /** @param {CanvasRenderingContext2D} context @param {View} view */
  #enter(context, { scale, x, y }) {
    const k = this.#ratio;
    context.setTransform(scale * k, 0, 0, scale * k, x * k, y * k);
  }

  /** @param {CanvasRenderingContext2D} context @param {Element} element */
  #paintOn(context, element) {
    context.save();
    this.#enter(context, this.#paintedFor);
    this.#clip(context);
    paintElement(context, element);
    context.restore();
  }

  /** Nothing is seen beyond the paper's edge. @param {CanvasRenderingContext2D} context @param {Box[]} [boxes] */
  #clip(context, boxes = []) {
    context.beginPath();
    context.rect(0, 0, WIDTH, this.sheet().height);
    context.clip();
    if (!boxes.length) return;
    context.beginPath();
    for (const { x, y, width, height } of boxes) context.rect(x, y, width, height);
    context.clip();
  }

  /** Draws the pieces anew in which something has changed. */
  #patch() {
    const boxes = merge(this.#dirty.map((box) => pad(box, 1.5 / this.#paintedFor.scale)));
    this.#dirty = [];
    const work = boxes.map((box) => this.#within(box));
    if (work.reduce((sum, one) => sum + one.length, 0) > MAX_PIECE) return this.renderAll();
    boxes.forEach((box, index) => {
      this.context.save();
      this.#enter(this.context, this.#paintedFor);
      this.#clip(this.context, [box]);
      paintPaper(this.context, this.sheet());
      for (const element of work[index]) paintElement(this.context, element);
      this.context.restore();
    });
  }

  #start() {
    this.#isDue = false;
    this.#dirty = [];
    const back = document.createElement("canvas");
    back.width = this.canvas.width;
    back.height = this.canvas.height;
    const context = /** @type {CanvasRenderingContext2D} */ (back.getContext("2d"));
    this.#enter(context, this.#view);
    this.#clip(context);
    paintPaper(context, this.sheet());
    this.#render = { work: this.#within(this.#seen()), next: 0, back, context };
  }

  /** What part of the sheet the canvas shows. @returns {Box} */
  #seen() {
    const { scale, x, y } = this.#view;
    const [width, height] = [this.canvas.width / this.#ratio / scale, this.canvas.height / this.#ratio / scale];
    return { x: -x / scale, y: -y / scale, width, height };
  }

  #slice() {
    const render = this.#render;
    if (!render) return;
    const end = performance.now() + SLICE_MS;
    while (render.next < render.work.length && performance.now() < end) {
      paintElement(render.context, render.work[render.next++]);
    }
    if (render.next >= render.work.length) this.#finish();
  }

  #finish() {
    const render = this.#render;
    if (!render) return;
    while (render.next < render.work.length) paintElement(render.context, render.work[render.next++]);
    this.#render = null;
    this.#paintedFor = this.#view;
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.drawImage(render.back, 0, 0);
    this.#stretch();
  }

  /** Until it is drawn anew, what was painted for another view is stretched into this one. */
  #stretch() {
    const [from, to] = [this.#paintedFor, this.#view];
    const k = to.scale / from.scale;
    const isSame = k === 1 && from.x === to.x && from.y === to.y;
    this.canvas.style.transform = isSame ? "" : `translate(${to.x - from.x * k}px, ${to.y - from.y * k}px) scale(${k})`;
  }
}

/** @param {Element} a @param {Element} b */
function looksSame(a, b) {
  const look = (/** @type {Element} */ { color, size, text, box, fit, points }) => JSON.stringify([color, size, text, box, fit, points?.length]);
  return look(a) === look(b);
}

/** @param {Box} a @param {Box} b */
function sameBox(a, b) {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}

/** Puts boxes that overlap together. @param {Box[]} boxes @returns {Box[]} */
function merge(boxes) {
  /** @type {Box[]} */ const merged = [];
  for (const box of boxes) {
    let grown = box;
    for (let index = merged.length - 1; index >= 0; index--) {
      if (overlap(merged[index], grown)) grown = union([grown, ...merged.splice(index, 1)]);
    }
    merged.push(grown);
  }
  return merged;
}
