/** The box around what is selected, with corners to stretch it by. */

import { frameOf, pad, refit, union } from "./geometry.js";

/** @typedef {import("../state/sheet.js").Element} Element */
/** @typedef {import("./geometry.js").Box} Box */
/** @typedef {"nw" | "ne" | "se" | "sw"} Corner */

const LEAST = 80;
const GAP = 6;
const HANDLE = 10;
/** How far from a corner a press still means it, in pixels. */
const REACH = { mouse: 10, touch: 22 };
const LINE = "#0b6bcb";

/** @param {Element[]} elements @returns {Box} */
export function boxAround(elements) {
  return union(elements.map(frameOf));
}

/**
 * The corner that is meant at a place, if any.
 * @param {Box} box @param {{x: number, y: number}} place @param {number} scale @param {boolean} isTouch
 * @returns {Corner | ""}
 */
export function cornerAt(box, place, scale, isTouch) {
  const reach = (isTouch ? REACH.touch : REACH.mouse) / scale;
  const found = corners(pad(box, GAP / scale)).find(({ x, y }) => Math.hypot(x - place.x, y - place.y) <= reach);
  return found?.name ?? "";
}

/** @param {Box} box @returns {{name: Corner, x: number, y: number}[]} */
function corners({ x, y, width, height }) {
  return [
    { name: "nw", x, y },
    { name: "ne", x: x + width, y },
    { name: "se", x: x + width, y: y + height },
    { name: "sw", x, y: y + height },
  ];
}

/**
 * Returns the box when a corner has been pulled; with `isEven` it keeps its proportions.
 * @param {Box} box @param {Corner} corner @param {number} dx @param {number} dy @param {boolean} isEven
 * @returns {Box}
 */
export function pull(box, corner, dx, dy, isEven) {
  const isWest = corner.endsWith("w");
  const isNorth = corner.startsWith("n");
  let width = Math.max(LEAST, box.width + (isWest ? -dx : dx));
  let height = Math.max(LEAST, box.height + (isNorth ? -dy : dy));
  if (isEven && box.width && box.height) {
    const factor = Math.max(width / box.width, height / box.height);
    [width, height] = [box.width * factor, box.height * factor];
  }
  return {
    x: isWest ? box.x + box.width - width : box.x,
    y: isNorth ? box.y + box.height - height : box.y,
    width,
    height,
  };
}

/**
 * Returns what becomes of elements when their box becomes another.
 * @param {Element[]} elements @param {Box} from @param {Box} to
 * @returns {import("../state/sheet.js").Changes}
 */
export function refitAll(elements, from, to) {
  return Object.fromEntries(elements.map((element) => [element.id, refit(element, from, to)]));
}

/** @param {CanvasRenderingContext2D} context @param {Box} box @param {number} scale */
export function paintSelection(context, box, scale) {
  const outer = pad(box, GAP / scale);
  context.save();
  context.strokeStyle = LINE;
  context.fillStyle = "#ffffff";
  context.lineWidth = 1.5 / scale;
  context.strokeRect(outer.x, outer.y, outer.width, outer.height);
  const side = HANDLE / scale;
  for (const { x, y } of corners(outer)) {
    context.beginPath();
    context.rect(x - side / 2, y - side / 2, side, side);
    context.fill();
    context.stroke();
  }
  context.restore();
}

/** The box that is drawn to select what lies in it. @param {CanvasRenderingContext2D} context @param {Box} box @param {number} scale */
export function paintLasso(context, { x, y, width, height }, scale) {
  context.save();
  context.strokeStyle = LINE;
  context.fillStyle = `${LINE}1a`;
  context.lineWidth = 1 / scale;
  context.fillRect(x, y, width, height);
  context.strokeRect(x, y, width, height);
  context.restore();
}
