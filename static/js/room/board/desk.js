/** One sheet at a time on two canvases: what is at rest on the lower one, what moves on the upper one. */

import { BOARD_HEIGHT, boundsOf, holds, isInk, meets } from "./geometry.js";
import { History } from "./history.js";
import { SheetLink } from "./link.js";
import { paintElement, paintSheet } from "./paint.js";
import { Paper } from "./paper.js";
import { Pointers } from "./pointers.js";
import { Screen } from "./screen.js";
import { boxAround, refitAll } from "./selection.js";

/** @typedef {import("../state/sheet.js").Element} Element */
/** @typedef {import("../state/sheet.js").Effect} Effect */
/** @typedef {import("./tools.js").Tool} Tool */
/** @typedef {{id: string, height?: number, background?: string, picture?: CanvasImageSource | null}} Shown */

/** A stroke of somebody else's lies on the upper canvas until it has not grown for so long. */
const GROWING_MS = 700;
const EXPORT_WIDTH = 3_200;

/**
 * Emits `look` (tool, colour, width), `history`, `selected`, `view`, `elements`, `refused` (a sentence), `loaded`, `sent`,
 * `sheet`, and `write` (what is to be written, and where).
 */
export class Desk extends Screen {
  look = { color: 0, width: 1 };
  /** @type {SheetLink | null} */ link = null;
  /** @type {Shown} */ #shown = { id: "" };
  /** @type {Map<string, History>} by sheet */ #histories = new Map();
  /** Ids that tools draw themselves. @type {Set<string>} */ #held = new Set();
  /** @type {Map<string, number>} by id: when it last grew */ #growing = new Map();
  /** @type {Set<string>} */ #selected = new Set();
  /** @type {Tool | null} */ #tool = null;
  #mayDraw = false;
  #frame = 0;
  #made = 0;
  #prefix = crypto.randomUUID().slice(0, 8);

  /**
   * @param {HTMLElement} host holds two canvases, the lower one first
   * @param {{session: import("../session.js").Session, client: string, urlOf: (id: string) => string,
   *   me: () => {id: string, isStaff: boolean}}} around
   */
  constructor(host, around) {
    super(host);
    this.around = around;
    const [lower, upper] = host.querySelectorAll("canvas");
    this.paper = new Paper(lower, () => this.sheetLook);
    this.upper = upper;
    this.context = /** @type {CanvasRenderingContext2D} */ (upper.getContext("2d"));
    /** Extra painters of the upper canvas, such as of pointers; they return whether they need another frame. */
    this.painters = /** @type {((context: CanvasRenderingContext2D) => boolean)[]} */ ([]);
    this.pointers = new Pointers(this);
    this.on("view", () => this.#look());
    this.on("size", (ratio) => this.#resize(ratio));
    document.fonts.ready.then(() => this.paper.renderAll());
  }

  // The sheet

  /** Shows a sheet; the same one again with another background or picture goes on as it is. @param {Shown} shown */
  show(shown) {
    const isOther = shown.id !== this.#shown.id;
    this.#shown = { ...shown };
    if (isOther) this.#openSheet(shown.id);
    if (isOther || this.isFitted) this.fit();
    this.paper.renderAll();
    this.redraw();
    this.emit("sheet");
  }

  /** Shows nothing. */
  hide() {
    if (this.#shown.id) this.show({ id: "" });
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
    this.host.dataset.sheet = id;
    if (!id) return;
    const link = new SheetLink(this.around.session, { id, url: this.around.urlOf(id), client: this.around.client });
    this.link = link;
    link.on("changed", (ids) => this.#changed(ids));
    link.on("refused", (sentence) => this.emit("refused", sentence));
    link.on("sent", () => {
      this.#tool?.flush?.();
      this.emit("sent");
    });
    link.on("loaded", (content) => this.emit("loaded", content));
    link.open();
    this.emit("history");
  }

  /** Which sheet is shown; empty for none. */
  get sheetId() {
    return this.#shown.id;
  }

  /** Its paper. */
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
    if (!may) this.pointers.cancel();
    if (!may) this.select([]);
    this.#mayDraw = may;
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

  /** How high the sheet is, in its units. */
  get paperHeight() {
    return this.sheetLook.height;
  }

  #look() {
    this.paper.look(this.view);
    this.redraw();
  }

  /** @param {number} ratio of the screen's pixels to CSS pixels */
  #resize(ratio) {
    this.upper.width = Math.round(this.size.width * ratio);
    this.upper.height = Math.round(this.size.height * ratio);
    this.paper.resize(this.size, ratio);
    this.redraw();
  }

  /** Returns the sheet as a PNG. @returns {Promise<Blob | null>} */
  exportPicture() {
    const canvas = paintSheet(this.elements.values(), this.sheetLook, EXPORT_WIDTH);
    return new Promise((resolve) => canvas.toBlob(resolve));
  }

  /** Draws with the next frame. */
  redraw() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    this.#settleGrowing();
    const isUnfinished = this.paper.frame();
    const ratio = this.upper.width / this.size.width;
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
