/** Writing on a sheet: a field lies over the place until one is done, then the text or note is drawn. */

import { find } from "../../lib/dom.js";
import { clamp, HEIGHT_OF_NOTE, NOTE_GAP, WIDTH, WIDTH_OF_NOTE, WIDTH_OF_TEXT } from "./geometry.js";
import { textHeight } from "./paint.js";
import { TEXT_SIZES } from "./tools.js";

/** @typedef {import("../state/sheet.js").Element} Element */
/** @typedef {{type: "text" | "note", at: {x: number, y: number} | null, element: Element | null}} Task */

const MAX_LENGTH = 2_000;

/** Opens the field when the desk says so. @param {HTMLElement} root @param {import("./desk.js").Desk} desk */
export function startEditor(root, desk) {
  const field = /** @type {HTMLTextAreaElement} */ (find("[data-sheet-editor]", root));
  /** @type {Element | null} */ let draft = null;
  /** @type {Element | null} */ let before = null;

  const place = () => draft && lay(field, draft, desk.view);
  const close = () => {
    if (!draft) return;
    const written = { ...draft, text: field.value.replace(/\s+$/, "").slice(0, MAX_LENGTH) };
    draft = null;
    field.hidden = true;
    if (before) desk.release([before.id]);
    keep(desk, written, before);
  };
  desk.on("write", (/** @type {Task} */ task) => {
    close();
    before = task.element;
    draft = task.element ?? newElement(desk, task);
    if (before) desk.hold(before.id);
    if (before) desk.paper.delete(before.id);
    field.value = draft.text ?? "";
    field.maxLength = MAX_LENGTH;
    field.hidden = false;
    place();
    desk.redraw();
    field.focus({ preventScroll: true });
  });
  desk.on("view", place);
  desk.on("sheet", close);
  field.addEventListener("blur", close);
  field.addEventListener("input", place);
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Escape" && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    close();
    desk.host.focus({ preventScroll: true });
  });
}

/** @param {import("./desk.js").Desk} desk @param {Task} task @returns {Element} */
function newElement(desk, { type, at }) {
  const { color, width } = desk.look;
  const isNote = type === "note";
  const [w, h] = isNote ? [WIDTH_OF_NOTE, HEIGHT_OF_NOTE] : [WIDTH_OF_TEXT, TEXT_SIZES[width]];
  const x = Math.max(0, Math.min((at?.x ?? 0) - (isNote ? w / 2 : 0), WIDTH - w));
  const y = (at?.y ?? 0) - (isNote ? h / 2 : TEXT_SIZES[width] / 2);
  return { id: desk.newId(), type, color, size: TEXT_SIZES[width], box: [x, y, w, h].map(clamp), text: "", by: "", z: 0 };
}

/** @param {import("./desk.js").Desk} desk @param {Element} written @param {Element | null} before */
function keep(desk, written, before) {
  const { by: _by, z: _z, ...element } = sized(written);
  if (before && element.text === before.text) return;
  if (before && !element.text) {
    desk.note({ kind: "remove", elements: [before] });
    desk.perform({ do: "remove", ids: [before.id] });
  } else if (before) desk.change({ [before.id]: { text: element.text, box: element.box } });
  else if (element.text) {
    desk.perform({ do: "add", element });
    desk.noteAdded([element.id]);
  }
}

/** A text is as high as its lines, a note grows where it must. @param {Element} element @returns {Element} */
function sized(element) {
  const [x, y, width, height] = element.box ?? [0, 0, 0, 0];
  const gap = element.type === "note" ? element.size * NOTE_GAP : 0;
  const needed = textHeight(element, width - 2 * gap) + 2 * gap;
  return { ...element, box: [x, y, width, element.type === "note" ? Math.max(height, needed) : needed].map(clamp) };
}

/** @param {HTMLTextAreaElement} field @param {Element} draft @param {import("./viewport.js").View} view */
function lay(field, draft, { scale, x, y }) {
  const element = sized({ ...draft, text: field.value });
  const [left, top, width, height] = element.box ?? [0, 0, 0, 0];
  const px = (/** @type {number} */ value) => `${value}px`;
  field.dataset.type = draft.type;
  field.dataset.color = String(draft.color);
  field.style.setProperty("--left", px(left * scale + x));
  field.style.setProperty("--top", px(top * scale + y));
  field.style.setProperty("--width", px(width * scale));
  field.style.setProperty("--height", px(height * scale));
  field.style.setProperty("--size", px(draft.size * scale));
  field.style.setProperty("--gap", px(draft.type === "note" ? draft.size * NOTE_GAP * scale : 0));
}
