/** One row of the files' panel: a material, or an upload on its way. */

import { find, setText } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";
import { isPlayable, isShowable, readableSize } from "../state/files.js";

/** @typedef {import("../state/files.js").Material} Material */
/** @typedef {import("../state/files.js").Upload} Upload */

/** @returns {HTMLElement} */
export function newRow() {
  const { content } = /** @type {HTMLTemplateElement} */ (find("#file-template"));
  return /** @type {HTMLElement} */ (/** @type {Element} */ (content.firstElementChild).cloneNode(true));
}

/**
 * Fills a row with a material or an upload.
 * @param {HTMLElement} row
 * @param {{material?: Material, upload?: Upload, url?: string, isStaff?: boolean, mayDelete?: boolean}} what
 */
export function fillRow(row, { material, upload, url = "", isStaff = false, mayDelete = false }) {
  if (upload) fillUpload(row, upload);
  if (material) fillMaterial(row, material, url, isStaff, mayDelete);
}

/** @param {HTMLElement} row @param {Upload} upload */
function fillUpload(row, { name, share, error }) {
  const progress = /** @type {HTMLProgressElement} */ (find(".file__progress", row));
  const remove = find(".file__delete", row);
  row.toggleAttribute("data-refused", Boolean(error));
  setText(find(".file__name", row), name);
  setText(find(".file__note", row), error || text("files_sending", { percent: Math.round(share * 100) }));
  progress.hidden = Boolean(error);
  progress.value = share;
  progress.setAttribute("aria-label", name);
  remove.hidden = !error;
  setText(find(".visually-hidden", remove), text("files_dismiss", { name }));
}

/**
 * @param {HTMLElement} row
 * @param {Material} material
 * @param {string} url
 * @param {boolean} isStaff
 * @param {boolean} mayDelete
 */
function fillMaterial(row, material, url, isStaff, mayDelete) {
  const { id, name, kind, state } = material;
  const isReady = state === "ready";
  row.dataset.kind = kind;
  row.toggleAttribute("data-refused", state === "refused");
  row.toggleAttribute("data-busy", state === "checking");
  setText(find(".file__name", row), name);
  setText(find(".file__note", row), note(material, isStaff));
  picture(/** @type {HTMLImageElement} */ (find("img", row)), isShowable(material) ? `${url}${id}/thumbnails/1/` : "");
  const download = /** @type {HTMLAnchorElement} */ (find(".file__download", row));
  download.hidden = !isReady;
  download.href = `${url}${id}/download/`;
  setText(find(".visually-hidden", download), text("files_download", { name }));
  const remove = find(".file__delete", row);
  remove.hidden = !mayDelete;
  if (!remove.dataset.armed) setText(find(".visually-hidden", remove), text("files_delete", { name }));
  if (!isStaff) return;
  const show = find(".file__show", row);
  show.hidden = !isShowable(material) && !isPlayable(material);
  setText(find("span", show), text(isPlayable(material) ? "files_play" : "files_show"));
}

/** @param {HTMLImageElement} image @param {string} address */
function picture(image, address) {
  image.hidden = !address;
  if (address && image.getAttribute("src") !== address) image.src = address;
}

/** @param {Material} material @param {boolean} isStaff */
function note(material, isStaff) {
  const { kind, state, reason, pages, size, owner } = material;
  if (state === "checking") return text("files_checking");
  if (state === "refused") return text(`files_reason_${reason}`);
  const { amount, unit } = readableSize(size);
  const parts = [text(`files_${unit}`, { amount })];
  if (kind === "document") parts.unshift(text(pages === 1 ? "files_pages_one" : "files_pages_many", { count: pages }));
  if (kind === "handed_in" && isStaff && owner) parts.unshift(owner.name);
  if (reason) parts.push(text(`files_reason_${reason}`));
  return parts.join(" · ");
}
