/** Where people point on a sheet: a spot with a name and a tail that fades. Nothing of it is kept. */

import { WIDTH } from "./geometry.js";

const SHOWN_MS = 1_400;
const TAIL_MS = 500;
const RADIUS_PX = 7;
const NAME_PX = 13;
const COLOR = "#d0021b";

/** @typedef {{x: number, y: number, at: number}} Spot */

/** Draws the pointers of all on a desk, one's own at once and the others' as they are told. */
export class Lasers {
  /** @type {Map<string, Spot[]>} by person, the newest last */ #trails = new Map();

  /**
   * @param {import("./desk.js").Desk} desk
   * @param {{me: () => string, nameOf: (id: string) => string}} people
   */
  constructor(desk, { me, nameOf }) {
    this.desk = desk;
    this.me = me;
    this.nameOf = nameOf;
    desk.on("point", (place) => this.#add(me(), place));
    desk.painters.push((context) => this.#paint(context));
  }

  /** Takes what was told to all. @param {{by: string, sheet: string, x: number, y: number}[]} points */
  take(points) {
    for (const { by, sheet, x, y } of points) {
      if (sheet === this.desk.sheetId && by !== this.me()) this.#add(by, { x, y });
    }
  }

  /** @param {string} by @param {{x: number, y: number}} place */
  #add(by, { x, y }) {
    const trail = this.#trails.get(by) ?? [];
    trail.push({ x, y, at: performance.now() });
    this.#trails.set(by, trail);
    this.desk.host.dataset.pointing = String(this.#trails.size);
    this.desk.redraw();
  }

  /** @param {CanvasRenderingContext2D} context */
  #paint(context) {
    const now = performance.now();
    for (const [by, trail] of this.#trails) {
      while (trail.length && now - trail[0].at > (trail.length > 1 ? TAIL_MS : SHOWN_MS)) trail.shift();
      if (trail.length) this.#paintOne(context, trail, by === this.me() ? "" : this.nameOf(by), now);
      else this.#trails.delete(by);
    }
    if (!this.#trails.size) delete this.desk.host.dataset.pointing;
    return this.#trails.size > 0;
  }

  /** @param {CanvasRenderingContext2D} context @param {Spot[]} trail @param {string} name @param {number} now */
  #paintOne(context, trail, name, now) {
    const px = 1 / this.desk.view.scale;
    const { x, y, at } = trail[trail.length - 1];
    context.save();
    context.globalAlpha = Math.max(0, 1 - Math.max(0, now - at - SHOWN_MS / 2) / (SHOWN_MS / 2));
    context.strokeStyle = context.fillStyle = COLOR;
    context.lineWidth = RADIUS_PX * px;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    for (const spot of trail) context.lineTo(spot.x, spot.y);
    context.stroke();
    context.beginPath();
    context.arc(x, y, RADIUS_PX * px, 0, 2 * Math.PI);
    context.fill();
    context.font = `600 ${NAME_PX * px}px Figtree, sans-serif`;
    context.textAlign = x > WIDTH * 0.8 ? "right" : "left";
    context.lineWidth = 4 * px;
    context.strokeStyle = "#ffffff";
    const gap = (context.textAlign === "left" ? 12 : -12) * px;
    context.strokeText(name, x + gap, y - 10 * px);
    context.fillText(name, x + gap, y - 10 * px);
    context.restore();
  }
}
