/** A picture that is to go with the next message: uploaded, checked by the web tier, and taken away again at will. */

import { find, setText } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";
import { upload, UploadRefused } from "../../lib/upload.js";

const LOOK_AGAIN_MS = 500;
const PURPOSE = "chat";

export class Picture {
  #place = find("#chat-picture");
  #image = /** @type {HTMLImageElement} */ (find("img", this.#place));
  /** Which of them counts: one that was taken away while it was on its way does not. */ #turn = 0;
  /** @type {import("../state/chat.js").Picture | null} the one that can be sent */ ready = null;
  isUnderWay = false;

  constructor() {
    const input = /** @type {HTMLInputElement} */ (find("#chat-picture-input"));
    find("#chat-picture-add").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      if (input.files?.[0]) this.take(input.files[0]);
      input.value = "";
    });
    find("#chat-picture-end").addEventListener("click", () => {
      this.clear();
      find("#chat-text").focus();
    });
  }

  /** Takes no picture, or no longer the one that was chosen. */
  clear() {
    this.#turn += 1;
    this.ready = null;
    this.isUnderWay = false;
    this.#place.hidden = true;
    URL.revokeObjectURL(this.#image.src);
    this.#image.removeAttribute("src");
  }

  /** @param {File} file */
  async take(file) {
    this.clear();
    const turn = this.#turn;
    this.isUnderWay = true;
    this.#place.hidden = false;
    this.#image.src = URL.createObjectURL(file);
    let words = "chat_picture_failed";
    try {
      const id = await this.#upload(file, turn);
      if (turn === this.#turn) this.#say("chat_picture_checking");
      words = (await isTaken(id, () => turn === this.#turn)) ? "chat_picture_ready" : "chat_picture_refused";
      if (turn === this.#turn && words === "chat_picture_ready") this.ready = { id, ...this.#size() };
    } catch (error) {
      if (error instanceof UploadRefused && error.message) words = error.message;
    }
    if (turn !== this.#turn) return;
    this.isUnderWay = false;
    this.#say(words);
  }

  /** @param {File} file @param {number} turn */
  #upload(file, turn) {
    const { files = "", token = "" } = find("#chat").dataset;
    const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
    const onProgress = (/** @type {number} */ share) => {
      if (turn === this.#turn) this.#say("chat_picture_uploading", { percent: percent.format(share) });
    };
    return upload({ url: files, token, purpose: PURPOSE, file, name: file.name || "picture.png", onProgress });
  }

  #size() {
    return { width: this.#image.naturalWidth || 4, height: this.#image.naturalHeight || 3 };
  }

  /** @param {string} key @param {Record<string, string>} [values] */
  #say(key, values) {
    setText(find("#chat-picture-text"), text(key, values));
  }
}

/** Waits until the web tier has looked at it. @param {string} id @param {() => boolean} isWanted */
async function isTaken(id, isWanted) {
  while (isWanted()) {
    const response = await fetch(`${find("#chat").dataset.files}${id}/`, { cache: "no-store" });
    if (!response.ok) return false;
    const { state } = await response.json();
    if (state !== "checking") return state === "ready";
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return false;
}
