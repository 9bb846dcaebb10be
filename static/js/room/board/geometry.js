/**
 * Where elements are: their outlines, what a touch meets, and what moving and stretching does to them. All in the
 * sheet's units.
 *
 * @typedef {import("../state/sheet.js").Element} Element
 * @typedef {[number, number, number]} Point x, y and pressure 0 to 1
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 */

export const WIDTH = 16_000;
export const BOARD_HEIGHT = 9_000;
export const WIDTH_OF_TEXT = 5_000;
export const WIDTH_OF_NOTE = 2_600;
export const HEIGHT_OF_NOTE = 2_200;
/** Between a note's edge and its text, in sizes of the letters. */
export const NOTE_GAP = 0.5;
const MAX_COORDINATE = 32_000;
const MAX_PRESSURE = 100;
const MAX_FACTOR = 100_000;
const ROUND_STEPS = 40;
const IDENTITY = [0, 0, 1000, 1000];

/** @type {WeakMap<Element, Point[]>} elements are never changed, only replaced */ const strokes = new WeakMap();
/** @type {WeakMap<Element, Box>} */ const boxes = new WeakMap();

/** @param {number} value */
export function clamp(value) {
  return Math.max(-MAX_COORDINATE, Math.min(MAX_COORDINATE, Math.round(value)));
}

/** Returns a part of a stroke as it is sent. @param {Point[]} points @returns {number[]} */
export function encode(points) {
  /** @type {number[]} */ const part = [];
  let [beforeX, beforeY] = [0, 0];
  for (const [x, y, pressure] of points) {
    const [nowX, nowY] = [clamp(x), clamp(y)];
    part.push(nowX - beforeX, nowY - beforeY, Math.round(Math.min(1, Math.max(0, pressure)) * MAX_PRESSURE));
    [beforeX, beforeY] = [nowX, nowY];
  }
  return part;
}

/** Returns a stroke's points where they are now. @param {Element} element @returns {Point[]} */
export function pointsOf(element) {
  const known = strokes.get(element);
  if (known) return known;
  const [dx, dy, kx, ky] = element.fit ?? IDENTITY;
  /** @type {Point[]} */ const points = [];
  for (const part of element.points ?? []) {
    let [x, y] = [0, 0];
    for (let index = 0; index + 2 < part.length; index += 3) {
      x += part[index];
      y += part[index + 1];
      points.push([(x * kx) / 1000 + dx, (y * ky) / 1000 + dy, part[index + 2] / MAX_PRESSURE]);
    }
  }
  strokes.set(element, points);
  return points;
}

/** Whether it is drawn by hand. @param {{type: string}} element */
export function isInk({ type }) {
  return type === "ink" || type === "marker";
}

/** Returns the box that holds all that is drawn of an element. @param {Element} element @returns {Box} */
export function boundsOf(element) {
  const known = boxes.get(element);
  if (known) return known;
  const outer = pad(frameOf(element), isWritten(element) ? 20 : element.size / 2 + 20);
  boxes.set(element, outer);
  return outer;
}

/** Returns the box that a person sees around an element. @param {Element} element @returns {Box} */
export function frameOf(element) {
  if (isInk(element)) return around(pointsOf(element));
  const [x = 0, y = 0, third = 0, fourth = 0] = element.box ?? [];
  if (element.type !== "line") return { x, y, width: third, height: fourth };
  return around([
    [x, y],
    [third, fourth],
  ]);
}

/** @param {Element} element */
function isWritten({ type }) {
  return type === "text" || type === "note";
}

/** @param {number[][]} points @returns {Box} */
export function around(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return points.length ? { x: left, y: top, width: right - left, height: bottom - top } : { x: 0, y: 0, width: 0, height: 0 };
}

/** @param {Box} box @param {number} by @returns {Box} */
export function pad({ x, y, width, height }, by) {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}

/** @param {Box} a @param {Box} b */
export function overlap(a, b) {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

/** @param {Box} outer @param {Box} inner */
export function holds(outer, inner) {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** @param {Box[]} all @returns {Box} */
export function union(all) {
  return around(all.flatMap(({ x, y, width, height }) => [[x, y], [x + width, y + height]]));
}

/** Returns the box between two corners, whichever they are. @param {number[]} a @param {number[]} b */
export function between([ax, ay], [bx, by]) {
  const corner = [Math.min(ax, bx), Math.min(ay, by)];
  return [...corner, Math.abs(ax - bx), Math.abs(ay - by)].map(clamp);
}

/**
 * Whether a touch of that radius meets what is drawn.
 * @param {Element} element @param {number} x @param {number} y @param {number} radius
 */
export function meets(element, x, y, radius) {
  const box = pad(boundsOf(element), radius);
  if (!overlap(box, { x, y, width: 0, height: 0 })) return false;
  if (isWritten(element)) return true;
  const reach = radius + element.size / 2;
  const path = outline(element);
  if (path.length === 1) return Math.hypot(path[0][0] - x, path[0][1] - y) <= reach;
  return path.some((point, index) => index > 0 && distance([x, y], path[index - 1], point) <= reach);
}

/** @param {Element} element @returns {number[][]} */
function outline(element) {
  if (isInk(element)) return pointsOf(element);
  const [a = 0, b = 0, c = 0, d = 0] = element.box ?? [];
  if (element.type === "line") return [[a, b], [c, d]];
  if (element.type === "rect") return [[a, b], [a + c, b], [a + c, b + d], [a, b + d], [a, b]];
  return Array.from({ length: ROUND_STEPS + 1 }, (_, step) => {
    const angle = (step / ROUND_STEPS) * 2 * Math.PI;
    return [a + (c / 2) * (1 + Math.cos(angle)), b + (d / 2) * (1 + Math.sin(angle))];
  });
}

/** The distance of a point from a line between two. @param {number[]} p @param {number[]} a @param {number[]} b */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/**
 * Returns the changes that put an element where it is when the box around a selection becomes another.
 * @param {Element} element @param {Box} from @param {Box} to
 * @returns {Partial<Pick<Element, "box" | "fit" | "size">>}
 */
export function refit(element, from, to) {
  const sx = from.width ? to.width / from.width : 1;
  const sy = from.height ? to.height / from.height : 1;
  const moveX = to.x - from.x * sx;
  const moveY = to.y - from.y * sy;
  if (isInk(element)) {
    const [dx, dy, kx, ky] = element.fit ?? IDENTITY;
    return { fit: [clamp(dx * sx + moveX), clamp(dy * sy + moveY), factor(kx * sx), factor(ky * sy)] };
  }
  const [a = 0, b = 0, c = 0, d = 0] = element.box ?? [];
  const [x, y] = [a * sx + moveX, b * sy + moveY];
  if (element.type === "line") return { box: [x, y, c * sx + moveX, d * sy + moveY].map(clamp) };
  const box = [x, y, c * sx, d * sy].map(clamp);
  const isStretched = isWritten(element) && sy !== 1;
  return isStretched ? { box, size: Math.max(1, Math.min(2000, Math.round(element.size * sy))) } : { box };
}

/** @param {number} value */
function factor(value) {
  return Math.max(1, Math.min(MAX_FACTOR, Math.round(value)));
}
