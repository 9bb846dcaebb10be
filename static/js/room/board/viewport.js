/** Which part of a sheet is seen, and how large: `scale` is CSS pixels a unit, `x` and `y` where the sheet begins. */

/** @typedef {{scale: number, x: number, y: number}} View */
/** @typedef {{width: number, height: number}} Size */

const MAX_ZOOM = 12;
const MIN_ZOOM = 0.5;
/** So much of the sheet stays in sight, in pixels. */
const KEPT = 64;

/** Returns the view in which the whole sheet is as large as it can be. @param {Size} host @param {Size} sheet @returns {View} */
export function fit(host, sheet) {
  const scale = Math.min(host.width / sheet.width, host.height / sheet.height) || 1e-3;
  return {
    scale,
    x: (host.width - sheet.width * scale) / 2,
    y: (host.height - sheet.height * scale) / 2,
  };
}

/**
 * Returns the view zoomed about a point of the host, within bounds.
 * @param {View} view @param {number} factor @param {{x: number, y: number}} about @param {Size} host @param {Size} sheet
 * @returns {View}
 */
export function zoom(view, factor, about, host, sheet) {
  const least = fit(host, sheet).scale;
  const scale = Math.max(least * MIN_ZOOM, Math.min(least * MAX_ZOOM, view.scale * factor));
  const ratio = scale / view.scale;
  const moved = { scale, x: about.x - (about.x - view.x) * ratio, y: about.y - (about.y - view.y) * ratio };
  return keep(moved, host, sheet);
}

/** Returns the view moved by pixels. @param {View} view @param {number} dx @param {number} dy @param {Size} host @param {Size} sheet */
export function pan(view, dx, dy, host, sheet) {
  return keep({ ...view, x: view.x + dx, y: view.y + dy }, host, sheet);
}

/** @param {View} view @param {Size} host @param {Size} sheet @returns {View} */
function keep({ scale, x, y }, host, sheet) {
  return {
    scale,
    x: Math.max(KEPT - sheet.width * scale, Math.min(host.width - KEPT, x)),
    y: Math.max(KEPT - sheet.height * scale, Math.min(host.height - KEPT, y)),
  };
}

/**
 * Returns the view in which a part of the sheet is as large as it can be; `x` and `y` are its middle.
 * @param {{x: number, y: number, width: number, height: number}} part @param {Size} host @param {Size} sheet @returns {View}
 */
export function showPart(part, host, sheet) {
  const least = fit(host, sheet).scale;
  const wanted = Math.min(host.width / part.width, host.height / part.height);
  const scale = Math.max(least * MIN_ZOOM, Math.min(least * MAX_ZOOM, wanted));
  return keep({ scale, x: host.width / 2 - part.x * scale, y: host.height / 2 - part.y * scale }, host, sheet);
}

/** Returns the place on the sheet at a point of the host. @param {View} view @param {number} x @param {number} y */
export function toSheet(view, x, y) {
  return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale };
}
