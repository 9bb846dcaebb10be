/** Draws elements onto a canvas whose units are the sheet's. */

import { getStroke } from "../../../vendor/perfect-freehand.js";
import { BOARD_HEIGHT, NOTE_GAP, pointsOf, WIDTH } from "./geometry.js";

/** @typedef {import("../state/sheet.js").Element} Element */
/** @typedef {import("./geometry.js").Point} Point */

/** Okabe and Ito's colours, which people with any kind of colour vision can tell apart. */
const COLORS = ["#1b1b1b", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];
/** The same as paper to write on in black. */
const NOTE_COLORS = ["#e9e6df", "#ffdf9b", "#cfeafb", "#bdebd9", "#faf3a0", "#bcdcf2", "#ffd0ae", "#f4d9e6"];
const INK = "#1b1b1b";
const PAPER = "#ffffff";
const RULES = "#d5dde6";
const RULE_STEP = 500;
const MARKER_ALPHA = 0.38;
const FONT = "Figtree, ui-sans-serif, system-ui, sans-serif";
const LINE_HEIGHT = 1.3;

/** @type {WeakMap<Element, Path2D>} */ const paths = new WeakMap();
/** @type {WeakMap<Element, string[]>} */ const wrapped = new WeakMap();

/** @param {CanvasRenderingContext2D} context @param {Element} element */
export function paintElement(context, element) {
  const color = COLORS[element.color];
  if (element.type === "ink") {
    context.fillStyle = color;
    context.fill(cached(element, () => inkPath(pointsOf(element), element.size, Boolean(element.pen))));
  } else if (element.type === "marker") {
    paintMarker(context, cached(element, () => linePath(pointsOf(element))), element);
  } else if (element.type === "text" || element.type === "note") {
    paintWritten(context, element);
  } else {
    context.strokeStyle = color;
    context.lineWidth = element.size;
    context.lineCap = context.lineJoin = "round";
    context.stroke(cached(element, () => shapePath(element)));
  }
}

/**
 * Draws a stroke that is still growing.
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} points
 * @param {{type: string, color: number, size: number, pen: boolean}} look
 */
export function paintStroke(context, points, { type, color, size, pen }) {
  if (type === "marker") return paintMarker(context, linePath(points), { color, size });
  context.fillStyle = COLORS[color];
  context.fill(inkPath(points, size, pen));
}

/** @param {Element} element @param {() => Path2D} make */
function cached(element, make) {
  let path = paths.get(element);
  if (!path) paths.set(element, (path = make()));
  return path;
}

/** @param {Point[]} points @param {number} size @param {boolean} hasPressure @returns {Path2D} */
function inkPath(points, size, hasPressure) {
  const edge = getStroke(points, {
    size,
    thinning: hasPressure ? 0.6 : 0.35,
    smoothing: 0.5,
    streamline: 0.35,
    simulatePressure: !hasPressure,
    last: true,
  });
  const path = new Path2D();
  if (edge.length < 3) return path;
  path.moveTo((edge[0][0] + edge[1][0]) / 2, (edge[0][1] + edge[1][1]) / 2);
  for (let index = 1; index <= edge.length; index++) {
    const [x, y] = edge[index % edge.length];
    const [nextX, nextY] = edge[(index + 1) % edge.length];
    path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  path.closePath();
  return path;
}

/** @param {Point[]} points @returns {Path2D} */
function linePath(points) {
  const path = new Path2D();
  points.forEach(([x, y], index) => {
    if (index) path.lineTo(x, y);
    else path.moveTo(x, y);
  });
  if (points.length === 1) path.lineTo(points[0][0] + 1, points[0][1]);
  return path;
}

/** @param {CanvasRenderingContext2D} context @param {Path2D} path @param {{color: number, size: number}} look */
function paintMarker(context, path, { color, size }) {
  context.save();
  context.globalAlpha *= MARKER_ALPHA;
  context.globalCompositeOperation = "multiply";
  context.strokeStyle = COLORS[color];
  context.lineWidth = size;
  context.lineCap = context.lineJoin = "round";
  context.stroke(path);
  context.restore();
}

/** @param {Element} element @returns {Path2D} */
function shapePath({ type, box = [0, 0, 0, 0] }) {
  const [a, b, c, d] = box;
  const path = new Path2D();
  if (type === "rect") path.rect(a, b, c, d);
  else if (type === "ellipse") path.ellipse(a + c / 2, b + d / 2, c / 2, d / 2, 0, 0, 2 * Math.PI);
  else {
    path.moveTo(a, b);
    path.lineTo(c, d);
  }
  return path;
}

/** @param {CanvasRenderingContext2D} context @param {Element} element */
function paintWritten(context, element) {
  const [x, y, width, height] = element.box ?? [0, 0, 0, 0];
  const isNote = element.type === "note";
  const inner = isNote ? element.size * NOTE_GAP : 0;
  context.save();
  if (isNote) {
    context.fillStyle = NOTE_COLORS[element.color];
    context.fillRect(x, y, width, height);
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
  }
  context.fillStyle = isNote ? INK : COLORS[element.color];
  context.font = fontOf(element.size);
  context.textBaseline = "middle";
  linesOf(context, element, width - 2 * inner).forEach((line, index) =>
    context.fillText(line, x + inner, y + inner + element.size * LINE_HEIGHT * (index + 0.5)),
  );
  context.restore();
}

/** @param {number} size */
function fontOf(size) {
  return `500 ${size}px ${FONT}`;
}

/** Returns the height that a text takes at a width. @param {Element} element @param {number} width */
export function textHeight(element, width) {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return element.size;
  context.font = fontOf(element.size);
  return Math.ceil(wrap(context, element.text ?? "", width).length * element.size * LINE_HEIGHT);
}

/** @param {CanvasRenderingContext2D} context @param {Element} element @param {number} width */
function linesOf(context, element, width) {
  const known = wrapped.get(element);
  if (known) return known;
  const lines = wrap(context, element.text ?? "", width);
  // Before the font has come, words have other widths.
  if (document.fonts.check(context.font)) wrapped.set(element, lines);
  return lines;
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} width */
function wrap(context, text, width) {
  return text.split("\n").flatMap((paragraph) => {
    /** @type {string[]} */ const lines = [""];
    for (const word of paragraph.split(/(?<=\s)/)) {
      for (const piece of pieces(context, word, width)) {
        const longer = lines[lines.length - 1] + piece;
        if (context.measureText(longer.trimEnd()).width <= width || !lines[lines.length - 1]) lines[lines.length - 1] = longer;
        else lines.push(piece);
      }
    }
    return lines;
  });
}

/** A word that is too long for a line, in parts. @param {CanvasRenderingContext2D} context @param {string} word @param {number} width */
function pieces(context, word, width) {
  if (context.measureText(word.trimEnd()).width <= width) return [word];
  return [...word];
}

/**
 * Draws the paper within a box, and on it a picture or lines.
 * @param {CanvasRenderingContext2D} context
 * @param {{height: number, background: string, picture: CanvasImageSource | null}} sheet
 */
export function paintPaper(context, { height, background, picture }) {
  context.fillStyle = PAPER;
  context.fillRect(0, 0, WIDTH, height);
  if (picture) context.drawImage(picture, 0, 0, WIDTH, height);
  if (background === "plain") return;
  const path = new Path2D();
  for (let y = RULE_STEP; y < height; y += RULE_STEP) {
    path.moveTo(0, y);
    path.lineTo(WIDTH, y);
  }
  for (let x = RULE_STEP; background === "grid" && x < WIDTH; x += RULE_STEP) {
    path.moveTo(x, 0);
    path.lineTo(x, height);
  }
  context.strokeStyle = RULES;
  context.lineWidth = 8;
  context.stroke(path);
}

/**
 * Draws a whole sheet of its own, such as for a file; returns the canvas.
 * @param {Iterable<Element>} elements
 * @param {{height: number, background: string, picture: CanvasImageSource | null}} sheet
 * @param {number} width in pixels
 */
export function paintSheet(elements, sheet, width) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = Math.round((width * (sheet.height || BOARD_HEIGHT)) / WIDTH);
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.scale(width / WIDTH, width / WIDTH);
  paintPaper(context, sheet);
  for (const element of [...elements].sort((a, b) => a.z - b.z)) paintElement(context, element);
  return canvas;
}
