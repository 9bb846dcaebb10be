/** The tools for what is there already: the eraser, and selecting with moving and stretching. */

import { between, refit } from "./geometry.js";
import { paintElement } from "./paint.js";
import { boxAround, cornerAt, paintLasso, paintSelection, pull, refitAll } from "./selection.js";

/** @typedef {import("../state/sheet.js").Element} Element */
/** @typedef {import("./geometry.js").Box} Box */
/** @typedef {import("./tools.js").Place} Place */
/** @typedef {import("./tools.js").Tool} Tool */
/** @typedef {import("./desk.js").Desk} Desk */

const ERASER_PX = 9;
const PICK_PX = 6;

/** Removes what it meets. @implements {Tool} */
export class Eraser {
  /** @type {Place | null} */ #last = null;
  /** @type {Element[]} */ #removed = [];

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Place} at */
  down(at) {
    this.#last = at;
    this.#removed = [];
    this.#wipe([at]);
  }

  /** @param {Place[]} places */
  move(places) {
    if (!this.#last) return;
    this.#wipe(steps([this.#last, ...places], ERASER_PX / this.desk.view.scale));
    this.#last = places[places.length - 1];
  }

  up() {
    if (this.#removed.length) this.desk.note({ kind: "remove", elements: this.#removed });
    this.#last = null;
    this.#removed = [];
  }

  cancel() {
    this.up();
  }

  /** @param {{x: number, y: number}[]} places */
  #wipe(places) {
    const radius = ERASER_PX / this.desk.view.scale;
    /** @type {Set<Element>} */ const met = new Set();
    for (const { x, y } of places) for (const element of this.desk.at(x, y, radius)) met.add(element);
    const elements = [...met].filter((element) => this.desk.mayChange(element));
    if (!elements.length) return;
    this.#removed.push(...elements);
    this.desk.perform({ do: "remove", ids: elements.map(({ id }) => id) });
  }

  /** @param {CanvasRenderingContext2D} context */
  paint(context) {
    if (!this.#last) return;
    context.beginPath();
    context.arc(this.#last.x, this.#last.y, ERASER_PX / this.desk.view.scale, 0, 2 * Math.PI);
    context.strokeStyle = "#555";
    context.lineWidth = 1.5 / this.desk.view.scale;
    context.stroke();
  }
}

/** The places on the way, so near each other that nothing is passed over. @param {{x: number, y: number}[]} path @param {number} step */
function steps(path, step) {
  return path.slice(1).flatMap((to, index) => {
    const from = path[index];
    const count = Math.min(200, Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / step)));
    return Array.from({ length: count }, (_, n) => ({
      x: from.x + ((to.x - from.x) * (n + 1)) / count,
      y: from.y + ((to.y - from.y) * (n + 1)) / count,
    }));
  });
}

/** Selects, moves and stretches. @implements {Tool} */
export class Select {
  /** @type {"" | "lasso" | "move" | import("./selection.js").Corner} */ #act = "";
  /** @type {Place | null} */ #from = null;
  /** @type {Place | null} */ #to = null;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {Place} at */
  down(at) {
    this.#from = this.#to = at;
    const selected = this.desk.selected;
    const corner = selected.length && cornerAt(boxAround(selected), at, this.desk.view.scale, at.isTouch);
    const met = this.desk.at(at.x, at.y, PICK_PX / this.desk.view.scale).filter((one) => this.desk.mayChange(one)).pop();
    if (corner) this.#act = corner;
    else if (met && at.clicks > 1 && met.text !== undefined) return this.#edit(met);
    else if (met) {
      if (!selected.includes(met)) this.desk.select(at.isEven ? [...selected, met] : [met]);
      this.#act = "move";
    } else {
      if (!at.isEven) this.desk.select([]);
      this.#act = "lasso";
    }
    if (this.#act !== "lasso") this.desk.lift();
  }

  /** @param {Element} element */
  #edit(element) {
    this.#from = this.#to = null;
    this.desk.edit(element);
  }

  /** @param {Place[]} places */
  move(places) {
    if (this.#from) this.#to = places[places.length - 1];
  }

  up() {
    const [act, from] = [this.#act, this.#box()];
    const to = this.#target();
    const lasso = this.#lasso();
    this.cancel();
    if (act === "lasso" && lasso) this.desk.selectWithin(lasso);
    else if (act && (from.x !== to.x || from.y !== to.y || from.width !== to.width || from.height !== to.height)) {
      this.desk.change(refitAll(this.desk.selected, from, to));
    }
  }

  cancel() {
    this.#act = "";
    this.#from = this.#to = null;
    this.desk.putDown();
  }

  #box() {
    return boxAround(this.desk.selected);
  }

  /** Where the selection goes. @returns {Box} */
  #target() {
    const box = this.#box();
    if (!this.#from || !this.#to || !this.#act || this.#act === "lasso") return box;
    const [dx, dy] = [this.#to.x - this.#from.x, this.#to.y - this.#from.y];
    if (this.#act === "move") return { ...box, x: box.x + dx, y: box.y + dy };
    const isEven = this.#to.isEven || this.desk.selected.some(({ text }) => text !== undefined);
    return pull(box, this.#act, dx, dy, isEven);
  }

  /** @returns {Box | null} */
  #lasso() {
    if (!this.#from || !this.#to) return null;
    const [x, y, width, height] = between([this.#from.x, this.#from.y], [this.#to.x, this.#to.y]);
    return { x, y, width, height };
  }

  /** @param {CanvasRenderingContext2D} context */
  paint(context) {
    const { selected, view } = this.desk;
    const lasso = this.#act === "lasso" && this.#lasso();
    if (lasso) paintLasso(context, lasso, view.scale);
    if (!selected.length) return;
    const [from, to] = [this.#box(), this.#target()];
    if (this.#act === "move") this.#paintMoved(context, to.x - from.x, to.y - from.y);
    else if (this.#act && this.#act !== "lasso") {
      for (const element of selected) paintElement(context, { ...element, ...refit(element, from, to) });
    }
    paintSelection(context, to, view.scale);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} dx @param {number} dy */
  #paintMoved(context, dx, dy) {
    context.save();
    context.translate(dx, dy);
    for (const element of this.desk.selected) paintElement(context, element);
    context.restore();
  }
}
