/**
 * Mouse, pen and fingers. One finger draws and two move the sheet; where a pen has been used, fingers only move it, and
 * while a pen is down they do nothing, so that a resting hand leaves no trace. The space key, the middle button and
 * whoever may not draw move the sheet.
 */

import { toSheet } from "./viewport.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./tools.js").Place} Place */

const DOUBLE_MS = 400;
const DOUBLE_PX = 12;
/** A second finger that comes within this time means that nothing was to be drawn. */
const SECOND_FINGER_MS = 350;
const WHEEL_ZOOM = 0.0018;
const LINE_PX = 32;
const MIDDLE = 1;

/** Tells the desk's tool what the pointers do. */
export class Pointers {
  /** @type {Map<number, {x: number, y: number, type: string}>} */ #down = new Map();
  /** @type {"" | "tool" | "pan"} */ #mode = "";
  /** The pointer that the tool follows; others beside it change nothing. */ #leader = -1;
  #startedAt = 0;
  #lastPress = { x: 0, y: 0, at: 0, clicks: 0 };
  #hasPen = false;
  #isSpaceHeld = false;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    const { host } = desk;
    host.addEventListener("pointerdown", (event) => this.#press(event));
    host.addEventListener("pointermove", (event) => this.#moved(event));
    host.addEventListener("pointerup", (event) => this.#lifted(event));
    host.addEventListener("pointercancel", (event) => this.#lost(event));
    host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    host.addEventListener("contextmenu", (event) => event.preventDefault());
    host.addEventListener("keydown", (event) => this.#space(event, true));
    host.addEventListener("keyup", (event) => this.#space(event, false));
    host.addEventListener("blur", () => (this.#isSpaceHeld = false));
  }

  /** Whether something is under way. */
  get isDown() {
    return this.#mode !== "";
  }

  /** Ends what is under way as if it had not begun. */
  cancel() {
    if (this.#mode === "tool") this.desk.tool?.cancel?.();
    this.#mode = "";
    this.desk.redraw();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.target instanceof Element && event.target.closest("textarea")) return;
    this.desk.host.focus({ preventScroll: true });
    event.preventDefault();
    if (event.pointerType === "pen") this.#penComes();
    else if ([...this.#down.values()].some(({ type }) => type === "pen")) return;
    this.#down.set(event.pointerId, { x: event.clientX, y: event.clientY, type: event.pointerType });
    // A test's or an aid's pointer can't be captured.
    try {
      this.desk.host.setPointerCapture(event.pointerId);
    } catch {}
    if (this.#down.size > 1) this.#secondFinger();
    else this.#begin(event);
  }

  /** A hand that lay there before has meant nothing. */
  #penComes() {
    this.#hasPen = true;
    this.cancel();
    this.#down.clear();
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    const isFingerBesidePen = this.#hasPen && event.pointerType === "touch";
    const moves = this.#isSpaceHeld || event.button === MIDDLE || isFingerBesidePen || !this.desk.tool;
    if (!moves && event.button > 0) return;
    this.#mode = moves ? "pan" : "tool";
    this.#leader = event.pointerId;
    this.#startedAt = event.timeStamp;
    if (this.#mode === "tool") this.desk.tool?.down({ ...this.#place(event), clicks: this.#clicks(event) });
    this.desk.host.toggleAttribute("data-panning", moves);
    this.desk.redraw();
  }

  #secondFinger() {
    if (this.#mode === "tool" && performance.now() - this.#startedAt < SECOND_FINGER_MS) this.cancel();
    else if (this.#mode === "tool") return;
    this.#mode = "pan";
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    const before = this.#down.get(event.pointerId);
    if (!before || !this.#mode) return;
    if (this.#mode === "pan") return this.#drag(event, before);
    if (event.pointerId !== this.#leader) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.desk.tool?.move((events.length ? events : [event]).map((one) => this.#place(one)));
    this.desk.redraw();
  }

  /** One pointer moves the sheet, two also make it larger or smaller. @param {PointerEvent} event @param {{x: number, y: number, type: string}} before */
  #drag(event, before) {
    const now = { x: event.clientX, y: event.clientY, type: before.type };
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    this.#down.set(event.pointerId, now);
    if (!other) return this.desk.panBy(now.x - before.x, now.y - before.y);
    const { left, top } = this.desk.host.getBoundingClientRect();
    const factor = Math.hypot(now.x - other.x, now.y - other.y) / (Math.hypot(before.x - other.x, before.y - other.y) || 1);
    this.desk.panBy((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.desk.zoomAt(factor, (now.x + other.x) / 2 - left, (now.y + other.y) / 2 - top);
  }

  /** @param {PointerEvent} event */
  #lifted(event) {
    if (!this.#down.delete(event.pointerId)) return;
    if (this.#mode === "tool" && event.pointerId === this.#leader) {
      this.desk.tool?.up();
      this.#mode = "";
    }
    this.#rest();
  }

  /** @param {PointerEvent} event */
  #lost(event) {
    if (!this.#down.delete(event.pointerId)) return;
    if (this.#mode === "tool" && event.pointerId === this.#leader) this.cancel();
    this.#rest();
  }

  #rest() {
    if (this.#down.size) return;
    this.#mode = "";
    this.desk.host.removeAttribute("data-panning");
    this.desk.redraw();
  }

  /** @param {PointerEvent | MouseEvent} event @returns {Place} */
  #place(event) {
    const { left, top } = this.desk.host.getBoundingClientRect();
    const { x, y } = toSheet(this.desk.view, event.clientX - left, event.clientY - top);
    const type = "pointerType" in event ? event.pointerType : "mouse";
    const pressure = "pressure" in event && type === "pen" ? event.pressure : 0.5;
    return { x, y, pressure, isPen: type === "pen", isTouch: type === "touch", isEven: event.shiftKey, clicks: 1 };
  }

  /** How many presses in a row this is. @param {PointerEvent} event */
  #clicks({ clientX: x, clientY: y, timeStamp: at }) {
    const { x: beforeX, y: beforeY, at: before, clicks } = this.#lastPress;
    const isNear = at - before < DOUBLE_MS && Math.hypot(x - beforeX, y - beforeY) < DOUBLE_PX;
    this.#lastPress = { x, y, at, clicks: isNear ? clicks + 1 : 1 };
    return this.#lastPress.clicks;
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const { left, top } = this.desk.host.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      this.desk.zoomAt(Math.exp(-event.deltaY * unit * WHEEL_ZOOM * 4), event.clientX - left, event.clientY - top);
    } else if (event.shiftKey && !event.deltaX) this.desk.panBy(-event.deltaY * unit, 0);
    else this.desk.panBy(-event.deltaX * unit, -event.deltaY * unit);
  }

  /** @param {KeyboardEvent} event @param {boolean} isHeld */
  #space(event, isHeld) {
    if (event.key !== " " || event.target !== this.desk.host) return;
    event.preventDefault();
    this.#isSpaceHeld = isHeld;
    this.desk.host.toggleAttribute("data-panning", isHeld);
  }
}
