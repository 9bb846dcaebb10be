/** The files' panel: what the lesson and its course have, adding and deleting, handing in, showing to all. */

import { find, findOptional, setText, whileBusy } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { upload, UploadRefused } from "../lib/upload.js";
import { fillRow, newRow } from "./files/row.js";
import { RequestError } from "./session.js";
import { isPlayable, sections } from "./state/files.js";

/** @typedef {import("./state/files.js").Material} Material */
/** @typedef {{store: import("./state.js").Store, session: import("./session.js").Session,
 *   notice: (sentence: string) => void, say: (sentence: string) => void}} Parts */

/** After a break of the line, a class does not ask for its lists in one instant. */
const RELOAD_WITHIN_MS = 1_500;
const CONFIRM_MS = 4_000;

class Files {
  #url = find("#files").dataset.url ?? "";
  #token = find("#files").dataset.token ?? "";
  #nextKey = 1;
  #isLoading = false;
  #reloadTimer = 0;
  /** @type {Map<string, HTMLElement>} */ #rows = new Map();

  /** @param {Parts} parts */
  constructor({ store, session, notice, say }) {
    this.store = store;
    this.session = session;
    this.notice = notice;
    this.say = say;
    const input = /** @type {HTMLInputElement} */ (find("#files-input"));
    find("#files-add").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#add([...(input.files ?? [])]);
      input.value = "";
    });
    find("#files").addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("[data-file-action]") : null;
      if (button instanceof HTMLElement) this.#pressed(button);
    });
    this.#takeDrops();
    session.on("message", (message) => this.#hear(message));
    store.watch((state, previous) => this.#render(state, previous));
  }

  get actions() {
    return {
      continue: async () => {
        await this.session.request("lesson.continue");
        this.notice(text("files_continued"));
      },
    };
  }

  get #isStaff() {
    return this.store.state.mayPublish;
  }

  // What there is

  /** @param {{type: string, body: any}} message */
  #hear({ type, body }) {
    const { files, panel } = this.store.state;
    if (type === "files.changed") this.#tell(body);
    if (type !== "room.snapshot" || !(files.materials || panel === "files")) return;
    clearTimeout(this.#reloadTimer);
    this.#reloadTimer = setTimeout(() => this.#load(), files.materials ? Math.random() * RELOAD_WITHIN_MS : 0);
  }

  async #load() {
    if (this.#isLoading || !this.store.state.lesson) return;
    this.#isLoading = true;
    try {
      const response = await fetch(this.#url, { cache: "no-store" });
      if (!response.ok) return;
      const { materials } = await response.json();
      this.store.patch({ files: { ...this.store.state.files, materials } });
    } catch {
      // The line is broken: the snapshot on the way back leads here again.
    } finally {
      this.#isLoading = false;
    }
  }

  /** @param {Material} material one that has just changed */
  #tell({ name, kind, state, reason, owner }) {
    const { myId, panel, unread } = this.store.state;
    if (owner?.id === myId) {
      if (state === "ready") this.say(text(kind === "handed_in" ? "files_handed_in" : "files_ready", { name }));
      if (state === "refused") this.notice(`${name}: ${text(`files_reason_${reason}`)}`);
    } else if (state === "ready" && panel !== "files") {
      this.store.patch({ unread: { ...unread, files: (unread.files ?? 0) + 1 } });
      if (kind === "handed_in" && owner) this.say(text("files_someone_handed_in", { person: owner.name, name }));
    }
  }

  // Adding

  #takeDrops() {
    const places = [find("#panel-files"), find("#stage")];
    const drop = find("#files-drop");
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
    for (const place of places) {
      place.addEventListener("dragover", (event) => {
        if (!hasFiles(event) || !this.store.state.isAdmitted) return;
        event.preventDefault();
        drop.hidden = false;
      });
      place.addEventListener("dragleave", () => (drop.hidden = true));
      place.addEventListener("drop", (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        drop.hidden = true;
        this.#add([...(event.dataTransfer?.files ?? [])]);
      });
    }
  }

  /** One after the other: a line shared by two is no quicker. @param {File[]} chosen */
  async #add(chosen) {
    const ofCourse = /** @type {HTMLInputElement | null} */ (findOptional("#files-of-course"))?.checked;
    const purpose = this.#isStaff ? (ofCourse ? "course" : "lesson") : "hand_in";
    const started = chosen.map((file) => ({ file, key: this.#nextKey++ }));
    const uploads = started.map(({ file, key }) => ({ key, name: file.name, share: 0, error: "" }));
    this.#patch({ uploads: [...this.store.state.files.uploads, ...uploads] });
    for (const { file, key } of started) await this.#send(file, key, purpose);
  }

  /** @param {File} file @param {number} key @param {string} purpose */
  async #send(file, key, purpose) {
    const onProgress = (/** @type {number} */ share) => this.#change(key, { share });
    try {
      await upload({ url: this.#url, token: this.#token, purpose, file, name: file.name, onProgress });
      this.#dismiss(key);
    } catch (error) {
      if (!(error instanceof UploadRefused)) console.error(error);
      const refusal = error instanceof UploadRefused ? error.message || text("try_again") : text("files_lost");
      this.#change(key, { error: refusal });
      this.say(`${file.name}: ${refusal}`);
    }
  }

  /** @param {number} key @param {Partial<import("./state/files.js").Upload>} change */
  #change(key, change) {
    const uploads = this.store.state.files.uploads.map((one) => (one.key === key ? { ...one, ...change } : one));
    this.#patch({ uploads });
  }

  /** @param {number} key */
  #dismiss(key) {
    this.#patch({ uploads: this.store.state.files.uploads.filter((one) => one.key !== key) });
  }

  /** @param {Partial<import("./state/files.js").Files>} change */
  #patch(change) {
    this.store.patch({ files: { ...this.store.state.files, ...change } });
  }

  // What the rows' buttons do

  /** @param {HTMLElement} button */
  #pressed(button) {
    const row = /** @type {HTMLElement} */ (button.closest(".file"));
    const { id = "", key = "" } = row.dataset;
    if (key) return this.#dismiss(Number(key));
    const material = this.store.state.files.materials?.find((one) => one.id === id);
    if (!material) return;
    if (button.dataset.fileAction === "show") this.#run(button, () => this.#show(material));
    else this.#confirm(button, material);
  }

  /** Deletes at the second press. @param {HTMLElement} button @param {Material} material */
  #confirm(button, material) {
    const { id, name } = material;
    if (button.dataset.armed) {
      this.#run(button, () => this.#delete(id, name));
      return;
    }
    button.dataset.armed = "yes";
    this.say(text("files_really", { name }));
    setText(find(".visually-hidden", button), text("files_really", { name }));
    setTimeout(() => {
      delete button.dataset.armed;
      setText(find(".visually-hidden", button), text("files_delete", { name }));
    }, CONFIRM_MS);
  }

  /** @param {Material} material */
  #show(material) {
    if (isPlayable(material)) return this.session.request("video.show", { material: material.id });
    return this.session.request("slides.show", { material: material.id, page: 1 });
  }

  /** @param {string} id @param {string} name */
  async #delete(id, name) {
    const headers = { "X-CSRFToken": this.#token };
    const response = await fetch(`${this.#url}${id}/`, { method: "DELETE", headers });
    if (!response.ok && response.status !== 404) throw new Error(`the web tier answered ${response.status}`);
    this.#patch({ materials: this.store.state.files.materials?.filter((one) => one.id !== id) ?? null });
    this.say(text("files_deleted", { name }));
    find("#files-add").focus();
  }

  /** @param {HTMLElement} button @param {() => Promise<unknown>} work */
  async #run(button, work) {
    try {
      await whileBusy(button, work);
    } catch (error) {
      if (!(error instanceof RequestError)) console.error(error);
      this.notice((error instanceof RequestError && error.sentence) || text("try_again"));
    }
  }

  // Showing

  /** @param {import("./state.js").RoomState} state @param {import("./state.js").RoomState} previous */
  #render(state, previous) {
    const opens = state.panel === "files" && (previous.panel !== "files" || state === previous);
    const isKnown = state.lesson !== null && state.isAdmitted;
    if ((opens || !previous.lesson) && state.panel === "files" && isKnown && !state.files.materials) this.#load();
    if (state.files === previous.files && state.myId === previous.myId && state !== previous) return;
    const { materials, uploads } = state.files;
    const { lesson, course, handedIn } = sections(state.files);
    find("#files-loading").hidden = materials !== null;
    find("#files-empty").hidden = materials === null || lesson.length + course.length + handedIn.length + uploads.length > 0;
    this.#list("#files-lesson", lesson);
    this.#list("#files-course", course);
    this.#list("#files-handed-in", handedIn);
    this.#uploads(uploads);
    this.#offer(state.files.earlier);
  }

  /** @param {import("./state/files.js").Earlier | null} earlier */
  #offer(earlier) {
    const place = findOptional("#files-earlier");
    if (!place) return;
    place.hidden = !earlier;
    if (!earlier) return;
    const date = new Date(earlier.starts_at).toLocaleDateString(document.documentElement.lang, { dateStyle: "long" });
    setText(find("#files-earlier-text"), text("files_earlier", { title: earlier.title, date }));
    /** @type {HTMLAnchorElement} */ (find("#files-earlier-link")).href = reviewOf(this.#url, earlier.lesson);
  }

  /** @param {string} selector @param {Material[]} materials */
  #list(selector, materials) {
    const section = find(selector);
    section.hidden = !materials.length;
    const rows = materials.map((material) => {
      const row = this.#row(material.id);
      row.dataset.id = material.id;
      const mayDelete = this.#isStaff || material.owner?.id === this.store.state.myId;
      fillRow(row, { material, url: this.#url, isStaff: this.#isStaff, mayDelete });
      return row;
    });
    keep(find("ul", section), rows);
  }

  /** @param {import("./state/files.js").Upload[]} uploads */
  #uploads(uploads) {
    const list = find("#files-uploads");
    list.hidden = !uploads.length;
    const rows = uploads.map((one) => {
      const row = this.#row(`upload ${one.key}`);
      row.dataset.key = String(one.key);
      fillRow(row, { upload: one });
      return row;
    });
    keep(list, rows);
  }

  /** The same element for the same thing, so that focus stays. @param {string} key */
  #row(key) {
    const row = this.#rows.get(key) ?? newRow();
    this.#rows.set(key, row);
    return row;
  }
}

/** Returns the address of another lesson's page after it. @param {string} url of this lesson's files @param {string} lesson */
function reviewOf(url, lesson) {
  return url.replace(/[^/]+\/files\/$/, `${lesson}/`);
}

/** Puts exactly these rows into a list, and touches none that is in its place. @param {Element} list @param {Element[]} rows */
function keep(list, rows) {
  if (rows.length === list.children.length && rows.every((row, index) => list.children[index] === row)) return;
  list.replaceChildren(...rows);
}

/** @param {Parts} parts @returns {Record<string, () => unknown>} */
export function startFiles(parts) {
  return new Files(parts).actions;
}
