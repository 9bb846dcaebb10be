/**
 * What a press on the sheet does, by tool. A tool is told where the pointer goes, in the sheet's units, and draws
 * what is on its way; what it has made it hands to the desk.
 *
 * @typedef {import("../state/sheet.js").Element} Element
 * @typedef {{x: number, y: number, pressure: number, isPen: boolean, isTouch: boolean, isEven: boolean, clicks: number}} Place
 *   `isEven` says that the shift key is held
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {object} Tool
 * @property {(at: Place) => void} down
 * @property {(places: Place[]) => void} move
 * @property {() => void} up
 * @property {() => void} [cancel]
 * @property {(context: CanvasRenderingContext2D) => void} [paint]
 * @property {() => void} [flush] sends what has gathered
 */

import { between, encode } from "./geometry.js";
import { paintElement, paintStroke } from "./paint.js";

/** Widths in the sheet's units: fine, medium, broad. */
const WIDTHS = [40, 80, 160];
const MARKER_TIMES = 4;
export const TEXT_SIZES = [260, 380, 600];
const STEP = 10;
const FLUSH_MS = 50;
const PART_POINTS = 400;
/** A stroke that comes near the server's limits goes on as another. */
const MOST_POINTS = 4_500;
const MOST_PARTS = 1_800;
const LEAST_SHAPE = 60;
const POINT_EVERY_MS = 80;

/** Draws by hand, with pen or marker. @implements {Tool} */
export class Pen {
  /** @type {import("./geometry.js").Point[]} */ #points = [];
  #id = "";
  #sent = 0;
  #parts = 0;
  #flushedAt = 0;
  #isPen = false;

  /** @param {Desk} desk @param {"ink" | "marker"} type */
  constructor(desk, type) {
    this.desk = desk;
    this.type = type;
    this.look = this.#look();
  }

  #look() {
    const width = WIDTHS[this.desk.look.width];
    return { color: this.desk.look.color, size: this.type === "marker" ? width * MARKER_TIMES : width };
  }

  /** @param {Place} at */
  down(at) {
    this.look = this.#look();
    this.#isPen = at.isPen;
    this.#begin([at.x, at.y, at.pressure]);
  }

  /** @param {import("./geometry.js").Point} first */
  #begin(first) {
    this.#id = this.desk.newId();
    this.#points = [first];
    this.#sent = this.#parts = 1;
    this.#flushedAt = performance.now();
    const element = { id: this.#id, type: this.type, ...this.look, pen: this.#isPen, points: [encode([first])] };
    this.desk.hold(this.#id);
    this.desk.perform({ do: "add", element });
  }

  /** @param {Place[]} places */
  move(places) {
    if (!this.#id) return;
    for (const { x, y, pressure } of places) {
      const [beforeX, beforeY] = this.#points[this.#points.length - 1];
      if (Math.hypot(x - beforeX, y - beforeY) >= STEP) this.#points.push([x, y, pressure]);
    }
    // One message at a time: what has gathered meanwhile goes with the next.
    if (!this.desk.isBusy && performance.now() - this.#flushedAt >= FLUSH_MS) this.flush();
    if (this.#points.length >= MOST_POINTS || this.#parts >= MOST_PARTS) {
      const last = this.#points[this.#points.length - 1];
      this.up();
      this.#begin(last);
    }
  }

  /** Sends what has gathered. */
  flush() {
    while (this.#id && this.#sent < this.#points.length) {
      const part = this.#points.slice(this.#sent, this.#sent + PART_POINTS);
      this.desk.perform({ do: "append", id: this.#id, at: this.#parts, points: encode(part) });
      this.#sent += part.length;
      this.#parts += 1;
    }
    this.#flushedAt = performance.now();
  }

  up() {
    if (!this.#id) return;
    this.flush();
    this.desk.noteAdded([this.#id]);
    this.#end();
  }

  cancel() {
    if (this.#id) this.desk.perform({ do: "remove", ids: [this.#id] });
    this.#end();
  }

  #end() {
    const id = this.#id;
    this.#id = "";
    this.#points = [];
    this.desk.release([id]);
  }

  /** @param {CanvasRenderingContext2D} context */
  paint(context) {
    if (this.#points.length) paintStroke(context, this.#points, { type: this.type, pen: this.#isPen, ...this.look });
  }
}

/** Draws a line, a rectangle or an ellipse from one corner to the other. @implements {Tool} */
export class Shape {
  /** @type {Place | null} */ #from = null;
  /** @type {Place | null} */ #to = null;

  /** @param {Desk} desk @param {"line" | "rect" | "ellipse"} type */
  constructor(desk, type) {
    this.desk = desk;
    this.type = type;
  }

  /** @param {Place} at */
  down(at) {
    this.#from = this.#to = at;
  }

  /** @param {Place[]} places */
  move(places) {
    if (this.#from) this.#to = places[places.length - 1];
  }

  up() {
    const element = this.#element(this.desk.newId());
    const [a, b, c, d] = element?.box ?? [];
    this.cancel();
    if (!element) return;
    const extent = this.type === "line" ? Math.hypot(c - a, d - b) : Math.max(c, d);
    if (extent < LEAST_SHAPE) return;
    this.desk.perform({ do: "add", element });
    this.desk.noteAdded([element.id]);
  }

  cancel() {
    this.#from = this.#to = null;
  }

  /** @param {string} id */
  #element(id) {
    if (!this.#from || !this.#to) return null;
    const from = [this.#from.x, this.#from.y];
    const to = this.#to.isEven ? even(from, [this.#to.x, this.#to.y], this.type === "line") : [this.#to.x, this.#to.y];
    const box = this.type === "line" ? [...from, ...to].map(Math.round) : between(from, to);
    return { id, type: this.type, color: this.desk.look.color, size: WIDTHS[this.desk.look.width], box };
  }

  /** @param {CanvasRenderingContext2D} context */
  paint(context) {
    const element = this.#element("");
    if (element) paintElement(context, { ...element, by: "", z: 0 });
  }
}

/**
 * A corner as far along as across; for a line one of the eight directions.
 * @param {number[]} from @param {number[]} to @param {boolean} isLine
 */
function even([x, y], [toX, toY], isLine) {
  const [dx, dy] = [toX - x, toY - y];
  if (!isLine) {
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    return [x + Math.sign(dx) * side, y + Math.sign(dy) * side];
  }
  const angle = Math.round(Math.atan2(dy, dx) / (Math.PI / 4)) * (Math.PI / 4);
  const length = Math.hypot(dx, dy);
  return [x + length * Math.cos(angle), y + length * Math.sin(angle)];
}

/** Begins a text or a note where one presses, or goes on with the one that is there. @implements {Tool} */
export class Writer {
  /** @type {Place | null} */ #at = null;

  /** @param {Desk} desk @param {"text" | "note"} type */
  constructor(desk, type) {
    this.desk = desk;
    this.type = type;
  }

  /** @param {Place} at */
  down(at) {
    this.#at = at;
  }

  move() {}

  up() {
    const at = this.#at;
    this.#at = null;
    if (!at) return;
    const there = this.desk.at(at.x, at.y, 0).filter((one) => one.type === this.type && this.desk.mayChange(one));
    if (there.length) this.desk.edit(there[there.length - 1]);
    else this.desk.write(this.type, at);
  }

  cancel() {
    this.#at = null;
  }
}

/** Shows all where one points, while one presses. @implements {Tool} */
export class Laser {
  #isOn = false;
  #toldAt = 0;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Place} at */
  down(at) {
    this.#isOn = true;
    this.#toldAt = 0;
    this.move([at]);
  }

  /** @param {Place[]} places */
  move(places) {
    const { x, y } = places[places.length - 1];
    if (!this.#isOn) return;
    const now = performance.now();
    const isDue = now - this.#toldAt >= POINT_EVERY_MS;
    if (isDue) this.#toldAt = now;
    this.desk.point(x, y, isDue);
  }

  up() {
    this.#isOn = false;
  }

  cancel() {
    this.#isOn = false;
  }
}
