/** The tools of a sheet: buttons, keys, colours and widths; each answers at once. */

import { find } from "../../lib/dom.js";
import { Eraser, Select } from "./picking.js";
import { bindPopovers } from "./popovers.js";
import { Laser, Pen, Shape, Writer } from "./tools.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./tools.js").Tool} Tool */

/** The tools in the order of their keys 1 to 9 and 0. @type {Record<string, (desk: Desk) => Tool>} */
const TOOLS = {
  select: (desk) => new Select(desk),
  pen: (desk) => new Pen(desk, "ink"),
  marker: (desk) => new Pen(desk, "marker"),
  eraser: (desk) => new Eraser(desk),
  line: (desk) => new Shape(desk, "line"),
  rect: (desk) => new Shape(desk, "rect"),
  ellipse: (desk) => new Shape(desk, "ellipse"),
  text: (desk) => new Writer(desk, "text"),
  note: (desk) => new Writer(desk, "note"),
  laser: (desk) => new Laser(desk),
};
const NAMES = Object.keys(TOOLS);
const NUDGE = 100;
const PAN_PX = 48;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Binds the toolbar and the keys of a sheet.
 * @param {HTMLElement} root @param {Desk} desk @param {(error: unknown) => void} failed
 */
export function startToolbar(root, desk, failed) {
  const bar = find("[data-sheet-tools]", root);
  /** @type {Record<string, () => unknown>} */
  const acts = {
    undo: () => desk.undo(),
    redo: () => desk.redo(),
    delete: () => desk.removeSelected(),
    "zoom-in": () => desk.zoomStep(1),
    "zoom-out": () => desk.zoomStep(-1),
    fit: () => desk.seeAll(),
  };
  const run = async (/** @type {string} */ name) => {
    try {
      await acts[name]?.();
    } catch (error) {
      failed(error);
    }
  };
  const choose = (/** @type {string} */ name) => {
    desk.use(TOOLS[name](desk));
    if (name !== "select") desk.select([]);
    root.dataset.tool = name;
    press(bar, "tool", name);
  };
  root.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (!(button instanceof HTMLElement)) return;
    const { tool, color, width, sheetDo } = button.dataset;
    if (tool) choose(tool);
    if (color) look(desk, bar, { color: Number(color) });
    if (width) look(desk, bar, { width: Number(width) });
    if (sheetDo) run(sheetDo);
  });
  root.addEventListener("keydown", (event) => keys(event, { root, desk, choose, run }));
  bindPopovers(bar);
  const refresh = () => state(bar, desk);
  for (const news of ["history", "selected", "view", "sheet"]) desk.on(news, refresh);
  choose("pen");
  look(desk, bar, {});
  refresh();
}

/** @param {Desk} desk @param {HTMLElement} bar @param {Partial<Desk["look"]>} change */
function look(desk, bar, change) {
  desk.look = { ...desk.look, ...change };
  press(bar, "color", String(desk.look.color));
  press(bar, "width", String(desk.look.width));
  const sample = find("[data-look]", bar);
  sample.dataset.look = String(desk.look.color);
  sample.dataset.thickness = String(desk.look.width);
  if (change.color === undefined || !desk.selected.length) return;
  desk.change(Object.fromEntries(desk.selected.map(({ id }) => [id, { color: desk.look.color }])));
}

/** @param {HTMLElement} bar @param {"tool" | "color" | "width"} kind @param {string} value */
function press(bar, kind, value) {
  for (const button of bar.querySelectorAll(`[data-${kind}]`)) {
    button.setAttribute("aria-pressed", String(button.getAttribute(`data-${kind}`) === value));
  }
}

/** @param {HTMLElement} bar @param {Desk} desk */
function state(bar, desk) {
  const isOff = { undo: !desk.canUndo, redo: !desk.canRedo, delete: !desk.selected.length };
  for (const [name, off] of Object.entries(isOff)) {
    const button = bar.querySelector(`[data-sheet-do="${name}"]`);
    // Not `disabled`: the focus would be lost with the last thing undone.
    button?.setAttribute("aria-disabled", String(off));
  }
}

/**
 * @param {KeyboardEvent} event
 * @param {{root: HTMLElement, desk: Desk, choose: (name: string) => void, run: (name: string) => void}} sheet
 */
function keys(event, { root, desk, choose, run }) {
  if (event.defaultPrevented || (event.target instanceof Element && event.target.matches("textarea, select"))) return;
  if (!acted(event, { root, desk, choose, run })) return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * @param {KeyboardEvent} event
 * @param {{root: HTMLElement, desk: Desk, choose: (name: string) => void, run: (name: string) => unknown}} sheet
 * @returns {unknown} whether the key means something here
 */
function acted({ key, ctrlKey, metaKey, altKey, shiftKey, target }, { root, desk, choose, run }) {
  if (altKey) return false;
  if (ctrlKey || metaKey) {
    const command = { z: shiftKey ? "redo" : "undo", y: "redo" }[key.toLowerCase()];
    if (command) run(command);
    return command;
  }
  const index = /^\d$/.test(key) ? (Number(key) + 9) % 10 : -1;
  if (index >= 0 && desk.mayDraw) return choose(NAMES[index]), true;
  if (["Delete", "Backspace"].includes(key) && desk.selected.length) return run("delete"), true;
  if (key === "Escape" && desk.selected.length) return desk.select([]), true;
  if (key === "+") return desk.zoomStep(1), true;
  if (key === "-") return desk.zoomStep(-1), true;
  if (target !== desk.host) return false;
  if (key === "Home") return desk.seeAll(), true;
  if (key === "Enter") return writeHere(desk, root.dataset.tool ?? "");
  return key in ARROWS && (arrow(desk, ARROWS[key]), true);
}

/** @param {Desk} desk @param {number[]} direction */
function arrow(desk, [x, y]) {
  if (desk.selected.length) desk.moveSelected(x * NUDGE, y * NUDGE);
  else desk.panBy(-x * PAN_PX, -y * PAN_PX);
}

/** Text without a pointer: in the middle of what is seen. @param {Desk} desk @param {string} tool */
function writeHere(desk, tool) {
  if (!desk.mayDraw || (tool !== "text" && tool !== "note")) return false;
  desk.write(tool, desk.centre);
  return true;
}
