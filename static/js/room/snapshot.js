/** A picture of what the stage shows large, put among the lesson's files. */

import { find } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { upload } from "../lib/upload.js";

/** Of the picture, in pixels. */
const WIDTH = 1920;
const MAX_SCALE = 3;

/** @typedef {HTMLImageElement | HTMLVideoElement | HTMLCanvasElement} Picture */

/**
 * Draws the large surface as it is seen: its pictures, videos and canvases, each where it lies.
 * @param {HTMLElement} surface
 * @returns {HTMLCanvasElement | null} null where there is nothing to see
 */
function draw(surface) {
  const pictures = [...surface.querySelectorAll("img, video, canvas")].filter(isSeen);
  if (!pictures.length) return null;
  const frame = frameOf(pictures);
  const scale = Math.min(MAX_SCALE, WIDTH / frame.width);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(frame.width * scale);
  canvas.height = Math.round(frame.height * scale);
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.fillStyle = getComputedStyle(find("#stage")).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(scale, scale);
  context.translate(-frame.left, -frame.top);
  for (const picture of pictures) drawOne(context, picture);
  return canvas;
}

/** @param {Element} element @returns {element is Picture} */
function isSeen(element) {
  const isPicture = element instanceof HTMLImageElement || element instanceof HTMLVideoElement || element instanceof HTMLCanvasElement;
  if (!isPicture || !element.checkVisibility({ visibilityProperty: true })) return false;
  // What belongs to the controls is not what is shown.
  if (element.closest("ol, button")) return false;
  const { width, height } = sizeOf(element);
  return width > 0 && height > 0 && element.getBoundingClientRect().width > 0;
}

/** @param {Picture} picture */
function sizeOf(picture) {
  if (picture instanceof HTMLVideoElement) return { width: picture.videoWidth, height: picture.videoHeight };
  if (picture instanceof HTMLImageElement) return { width: picture.naturalWidth, height: picture.naturalHeight };
  return { width: picture.width, height: picture.height };
}

/** The box around all of them. @param {Picture[]} pictures */
function frameOf(pictures) {
  const boxes = pictures.map(boxOf);
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.left + box.width));
  const bottom = Math.max(...boxes.map((box) => box.top + box.height));
  return { left, top, width: right - left, height: bottom - top };
}

/** Where a picture is drawn within its element, as `object-fit: contain` has it. @param {Picture} picture */
function boxOf(picture) {
  const { left, top, width, height } = picture.getBoundingClientRect();
  if (getComputedStyle(picture).objectFit !== "contain") return { left, top, width, height };
  const size = sizeOf(picture);
  const fit = Math.min(width / size.width, height / size.height);
  const [inner, outer] = [size.width * fit, size.height * fit];
  return { left: left + (width - inner) / 2, top: top + (height - outer) / 2, width: inner, height: outer };
}

/** @param {CanvasRenderingContext2D} context @param {Picture} picture */
function drawOne(context, picture) {
  const { left, top, width, height } = boxOf(picture);
  context.drawImage(picture, left, top, width, height);
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
function toFile(canvas) {
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is empty"))), "image/png"),
  );
}

/** @param {{notice: (sentence: string) => void}} parts @returns {Record<string, () => unknown>} */
export function startSnapshot({ notice }) {
  const take = async () => {
    const canvas = draw(find("[data-surface][data-place='main']"));
    if (!canvas) return notice(text("snapshot_nothing"));
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "medium" });
    const { url = "", token = "" } = find("#files").dataset;
    const name = `${text("snapshot_name", { time: time.replaceAll(":", ".") })}.png`;
    await upload({ url, token, purpose: "snapshot", file: await toFile(canvas), name });
    notice(text("snapshot_taken"));
  };
  return { snapshot: take };
}
