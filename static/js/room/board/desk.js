/** One sheet at a time on two canvases: what is at rest on the lower one, what moves on the upper one. */

import { Emitter } from "../../lib/emitter.js";
import { digest } from "../state/sheet.js";
import { BOARD_HEIGHT, boundsOf, holds, isInk, meets, WIDTH } from "./geometry.js";
import { History } from "./history.js";
import { SheetLink } from "./link.js";
import { paintElement, paintSheet } from "./paint.js";
import { Paper } from "./paper.js";
import { Pointers } from "./pointers.js";
import { boxAround, refitAll } from "./selection.js";
import { fit, pan, toSheet, zoom } from "./viewport.js";

/** @typedef {import("../state/sheet.js").Element} Element */
/** @typedef {import("../state/sheet.js").Effect} Effect */
/** @typedef {import("./tools.js").Tool} Tool */
/** @typedef {{id: string, height?: number, background?: string, picture?: CanvasImageSource | null}} Shown */

/** A stroke of somebody else's lies on the upper canvas until it has not grown for so long. */
const GROWING_MS = 700;
const DIGEST_AFTER_MS = 400;
const ZOOM_STEP = 1.25;
const EXPORT_WIDTH = 3_200;

/**
 * Emits `look` (tool, colour, width), `history`, `selected`, `view`, `elements`, `refused` (a sentence), `loaded`, `sheet`,
 * and `write` (what is to be written, and where).
 */
export class Desk extends Emitter {
  look = { color: 0, width: 1 };
  /** @type {import("./viewport.js").View} */ view = { scale: 1, x: 0, y: 0 };
  /** @type {SheetLink | null} */ link = null;
  /** @type {Shown} */ #shown = { id: "" };
  /** @type {Map<string, History>} by sheet */ #histories = new Map();
  /** Ids that tools draw themselves. @type {Set<string>} */ #held = new Set();
  /** @type {Map<string, number>} by id: when it last grew */ #growing = new Map();
  /** @type {Set<string>} */ #selected = new Set();
  /** @type {Tool | null} */ #tool = null;
  #mayDraw = false;
  #isFitted = true;
  #frame = 0;
  #digestTimer = 0;
  #made = 0;
  #size = { width: 1, height: 1 };
  #prefix = crypto.randomUUID().slice(0, 8);

  /**
   * @param {HTMLElement} host holds two canvases, the lower one first
   * @param {{session: import("../session.js").Session, client: string, urlOf: (id: string) => string,
   *   me: () => {id: string, isStaff: boolean}}} around
   */
  constructor(host, around) {
    super();
    this.host = host;
    this.around = around;
    const [lower, upper] = host.querySelectorAll("canvas");
    this.paper = new Paper(lower, () => this.sheetLook);
    this.upper = upper;
    this.context = /** @type {CanvasRenderingContext2D} */ (upper.getContext("2d"));
    /** Extra painters of the upper canvas, such as of pointers; they return whether they need another frame. */
    this.painters = /** @type {((context: CanvasRenderingContext2D) => boolean)[]} */ ([]);
    this.pointers = new Pointers(this);
    new ResizeObserver(() => this.#resize()).observe(host);
    document.fonts.ready.then(() => this.paper.renderAll());
  }

  // The sheet

  /** Shows a sheet; the same one again with another background or picture goes on as it is. @param {Shown} shown */
  show(shown) {
    const isOther = shown.id !== this.#shown.id;
    this.#shown = { ...shown };
    if (isOther) this.#openSheet(shown.id);
    if (isOther || this.#isFitted) this.fit();
    this.paper.renderAll();
    this.redraw();
    this.emit("sheet");
  }

  /** Shows nothing. */
  hide() {
    if (this.#shown.id) this.show({ id: "" });
  }

  /** @param {CanvasImageSource | null} picture */
  setPicture(picture) {
    this.show({ ...this.#shown, picture });
  }

  /** @param {string} id */
  #openSheet(id) {
    this.pointers.cancel();
    this.link?.close();
    this.link = null;
    this.#held.clear();
    this.#growing.clear();
    this.select([]);
    this.paper.setAll([]);
    if (!id) return;
    const link = new SheetLink(this.around.session, { id, url: this.around.urlOf(id), client: this.around.client });
    this.link = link;
    link.on("changed", (ids) => this.#changed(ids));
    link.on("refused", (sentence) => this.emit("refused", sentence));
    link.on("sent", () => this.#tool?.flush?.());
    link.on("loaded", (content) => this.emit("loaded", content));
    link.open();
    this.emit("history");
  }

  /** Which sheet is shown; empty for none. */
  get sheetId() {
    return this.#shown.id;
  }

  /** What its paper looks like. */
  get sheetLook() {
    const { height = BOARD_HEIGHT, background = "plain", picture = null } = this.#shown;
    return { height, background, picture };
  }

  /** What can be seen, by id. @returns {Map<string, Element>} */
  get elements() {
    return this.link?.sheet.shown ?? new Map();
  }

  get #history() {
    const known = this.#histories.get(this.#shown.id) ?? new History();
    this.#histories.set(this.#shown.id, known);
    return known;
  }

  /** @param {Set<string> | null} ids */
  #changed(ids) {
    if (ids) for (const id of ids) this.#update(id);
    else {
      this.#growing.clear();
      this.paper.setAll([...this.elements.values()].filter(({ id }) => !this.#held.has(id)));
      for (const id of this.#selected) if (!this.elements.has(id)) this.#selected.delete(id);
    }
    this.redraw();
    this.emit("elements");
    this.#tellDigest();
  }

  /** @param {string} id */
  #update(id) {
    const element = this.elements.get(id);
    if (!element) {
      this.paper.delete(id);
      this.#growing.delete(id);
      if (this.#selected.delete(id)) this.emit("selected");
    } else if (this.#held.has(id)) return;
    else if (isInk(element) && !this.paper.has(id)) this.#growing.set(id, performance.now());
    else this.paper.set(element);
  }

  /** Says in the page what it shows, so that two screens can be compared: the same word for the same elements. */
  #tellDigest() {
    clearTimeout(this.#digestTimer);
    delete this.host.dataset.digest;
    this.#digestTimer = setTimeout(() => {
      if (!this.link || this.link.sheet.pendingCount || this.link.sheet.version < 0) return;
      this.host.dataset.digest = digest(this.elements.values());
      this.host.dataset.count = String(this.elements.size);
    }, DIGEST_AFTER_MS);
  }

  // What tools do

  /** @param {Tool | null} tool */
  use(tool) {
    this.pointers.cancel();
    this.#tool = tool;
    this.redraw();
  }

  /** The tool, as far as the person may draw. */
  get tool() {
    return this.#mayDraw && this.link ? this.#tool : null;
  }

  /** @param {boolean} may */
  setMayDraw(may) {
    if (may === this.#mayDraw) return;
    this.#mayDraw = may;
    if (!may) this.pointers.cancel();
    if (!may) this.select([]);
    this.redraw();
  }

  get mayDraw() {
    return this.#mayDraw;
  }

  /** Whether a message is on its way. */
  get isBusy() {
    return Boolean(this.link?.isBusy);
  }

  /** Returns an id that no other page makes. */
  newId() {
    return `${this.#prefix}-${(this.#made++).toString(36)}`;
  }

  /** @param {Effect} effect */
  perform(effect) {
    this.link?.perform(effect);
  }

  /** Keeps an act to be undone. @param {import("./history.js").Act} act */
  note(act) {
    this.#history.note(act);
    this.emit("history");
  }

  /** @param {string[]} ids */
  noteAdded(ids) {
    this.note({ kind: "add", elements: ids.flatMap((id) => this.elements.get(id) ?? []) });
  }

  /** Whether the person may change this. @param {Element} element */
  mayChange({ by }) {
    const { id, isStaff } = this.around.me();
    return isStaff || by === "" || by === id;
  }

  /** Has a tool draw an element itself until it is released. @param {string} id */
  hold(id) {
    this.#held.add(id);
  }

  /** @param {string[]} ids */
  release(ids) {
    for (const id of ids) {
      this.#held.delete(id);
      const element = this.elements.get(id);
      if (element) this.paper.set(element);
    }
    this.redraw();
  }

  /** What lies at a place, the lowest first. @param {number} x @param {number} y @param {number} radius @returns {Element[]} */
  at(x, y, radius) {
    const near = this.paper.grid.query({ x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius });
    const found = [...near, ...this.#growing.keys()].flatMap((id) => this.elements.get(id) ?? []);
    return found.filter((element) => meets(element, x, y, radius)).sort((a, b) => a.z - b.z);
  }

  /** What is selected, the lowest first. */
  get selected() {
    const found = [...this.#selected].flatMap((id) => this.elements.get(id) ?? []);
    return found.sort((a, b) => a.z - b.z);
  }

  /** @param {Element[]} elements */
  select(elements) {
    if (!elements.length && !this.#selected.size) return;
    this.#selected = new Set(elements.map(({ id }) => id));
    this.emit("selected");
    this.redraw();
  }

  /** Selects what lies wholly in a box. @param {import("./geometry.js").Box} box */
  selectWithin(box) {
    const found = this.paper.grid.query(box).flatMap((id) => this.elements.get(id) ?? []);
    const inside = found.filter((element) => holds(box, boundsOf(element)) && this.mayChange(element));
    this.select([...this.selected, ...inside].slice(0, 300));
  }

  /** Takes what is selected off the lower canvas. */
  lift() {
    for (const id of this.#selected) {
      this.#held.add(id);
      this.paper.delete(id);
    }
    this.redraw();
  }

  /** Puts what was lifted back. */
  putDown() {
    this.release([...this.#held]);
  }

  /** Changes elements, as one act. @param {import("../state/sheet.js").Changes} after */
  change(after) {
    /** @type {import("../state/sheet.js").Changes} */ const before = {};
    for (const [id, changes] of Object.entries(after)) {
      const element = /** @type {Element & Record<string, any>} */ (this.elements.get(id));
      if (!element) continue;
      const fields = Object.keys(changes).map((name) => [name, element[name] ?? [0, 0, 1000, 1000]]);
      before[id] = Object.fromEntries(fields);
    }
    if (!Object.keys(before).length) return;
    this.perform({ do: "set", changes: after });
    this.note({ kind: "set", before, after });
  }

  /** Moves what is selected. @param {number} dx @param {number} dy */
  moveSelected(dx, dy) {
    const box = boxAround(this.selected);
    this.change(refitAll(this.selected, box, { ...box, x: box.x + dx, y: box.y + dy }));
  }

  /** Removes what is selected. */
  removeSelected() {
    const elements = this.selected;
    if (!elements.length) return;
    this.note({ kind: "remove", elements });
    this.perform({ do: "remove", ids: elements.map(({ id }) => id) });
  }

  /** Begins a new text or note. @param {"text" | "note"} type @param {{x: number, y: number}} at */
  write(type, at) {
    this.emit("write", { type, at, element: null });
  }

  /** Goes on with a text or note. @param {Element} element */
  edit(element) {
    this.emit("write", { type: element.type, at: null, element });
  }

  /** Shows where one points; tells the others where `isDue`. @param {number} x @param {number} y @param {boolean} isDue */
  point(x, y, isDue) {
    this.emit("point", { x, y });
    if (!isDue || !this.around.session.isOpen) return;
    const place = { sheet: this.sheetId, x: Math.round(x), y: Math.round(y) };
    // A pointer that isn't seen for a moment is no failure to speak of.
    this.around.session.request("board.point", place).catch(() => {});
  }

  // Back and forth

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** Takes one's newest act back. */
  undo() {
    return this.#turn(this.#history.undo(this.elements));
  }

  /** Does what was taken back once more. */
  redo() {
    return this.#turn(this.#history.redo(this.elements));
  }

  /** @param {Effect | {cleared: number} | null} effect */
  async #turn(effect) {
    this.pointers.cancel();
    if (effect && "cleared" in effect) {
      await this.around.session.request("board.undo_clear", { sheet: this.sheetId, version: effect.cleared });
    } else if (effect) this.perform(effect);
    this.emit("history");
  }

  /** Removes all, which can be undone. */
  async clear() {
    const { version } = await this.around.session.request("board.clear", { sheet: this.sheetId });
    this.note({ kind: "clear", version });
  }

  // What is seen

  /** Shows the whole sheet. */
  fit() {
    this.#isFitted = true;
    this.#look(fit(this.#size, this.#paperSize));
  }

  /** @param {number} direction 1 to see less and larger, -1 to see more */
  zoomStep(direction) {
    this.zoomAt(ZOOM_STEP ** direction, this.#size.width / 2, this.#size.height / 2);
  }

  /** @param {number} factor @param {number} x @param {number} y in pixels of the host */
  zoomAt(factor, x, y) {
    this.#isFitted = false;
    this.#look(zoom(this.view, factor, { x, y }, this.#size, this.#paperSize));
  }

  /** @param {number} dx @param {number} dy in pixels */
  panBy(dx, dy) {
    this.#isFitted = false;
    this.#look(pan(this.view, dx, dy, this.#size, this.#paperSize));
  }

  /** How large the sheet is seen, 1 being the whole. */
  get zoomFactor() {
    return this.view.scale / fit(this.#size, this.#paperSize).scale;
  }

  /** CSS pixels a unit of the sheet. */
  get scale() {
    return this.view.scale;
  }

  /** The place on the sheet in the middle of what is seen. */
  get centre() {
    return toSheet(this.view, this.#size.width / 2, this.#size.height / 2);
  }

  get #paperSize() {
    return { width: WIDTH, height: this.sheetLook.height };
  }

  /** @param {import("./viewport.js").View} view */
  #look(view) {
    this.view = view;
    this.paper.look(view);
    this.redraw();
    this.emit("view");
  }

  #resize() {
    const { width, height } = this.host.getBoundingClientRect();
    if (!width || !height) return;
    this.#size = { width, height };
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.upper.width = Math.round(width * ratio);
    this.upper.height = Math.round(height * ratio);
    if (this.#isFitted) this.fit();
    else this.panBy(0, 0);
    this.paper.resize({ width, height }, ratio);
    this.redraw();
  }

  /** Returns the sheet as a picture for a file. @returns {HTMLCanvasElement} */
  picture() {
    return paintSheet(this.elements.values(), this.sheetLook, EXPORT_WIDTH);
  }

  /** The same as PNG. @returns {Promise<Blob | null>} */
  exportPicture() {
    return new Promise((resolve) => this.picture().toBlob(resolve));
  }

  // Frames

  /** Draws with the next frame. */
  redraw() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    this.#settleGrowing();
    const isUnfinished = this.paper.frame();
    const ratio = this.upper.width / this.#size.width;
    const { scale, x, y } = this.view;
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, this.upper.width, this.upper.height);
    this.context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
    for (const id of this.#growing.keys()) {
      const element = this.elements.get(id);
      if (element) paintElement(this.context, element);
    }
    this.tool?.paint?.(this.context);
    const isMoving = this.painters.map((paint) => paint(this.context)).some(Boolean);
    if (isUnfinished || isMoving || this.#growing.size || this.pointers.isDown) this.redraw();
  }

  #settleGrowing() {
    const now = performance.now();
    for (const [id, since] of this.#growing) {
      if (now - since < GROWING_MS) continue;
      this.#growing.delete(id);
      const element = this.elements.get(id);
      if (element) this.paper.set(element);
    }
  }
}
