/**
 * The materials of the lesson and its course as this person may see them, and what they are uploading.
 *
 * @typedef {{id: string, name: string, kind: string, state: string, reason: string, size: number, pages: number,
 *   seconds: number, of_course: boolean, owner: {id: string, name: string} | null, at: string}} Material
 *   kind: document image video file handed_in snapshot; state: uploading checking ready refused
 * @typedef {{key: number, name: string, share: number, error: string}} Upload share is 0 to 1
 * @typedef {{lesson: string, title: string, starts_at: string}} Earlier
 * @typedef {{materials: Material[] | null, uploads: Upload[], earlier: Earlier | null}} Files materials are null
 *   until they have been loaded; `earlier` is the lesson that this one can go on from, told to the staff alone
 */

/** @type {Files} */
export const initialFiles = { materials: null, uploads: [], earlier: null };

/** @param {Files} files @param {{type: string, body: any}} message @returns {Files} */
export function reduceFiles(files, { type, body }) {
  if (type === "room.snapshot") return { ...files, earlier: body.earlier ?? null };
  // With slides or a board of its own the lesson has begun anew.
  if (type === "slides.changed" || type === "board.changed") return files.earlier ? { ...files, earlier: null } : files;
  if (!files.materials) return files;
  if (type === "files.changed") return { ...files, materials: put(files.materials, body) };
  if (type === "files.gone") return { ...files, materials: files.materials.filter(({ id }) => id !== body.id) };
  return files;
}

/** @param {Material[]} materials @param {Material} changed @returns {Material[]} */
function put(materials, changed) {
  const isKnown = materials.some(({ id }) => id === changed.id);
  return isKnown
    ? materials.map((material) => (material.id === changed.id ? changed : material))
    : [...materials, changed];
}

/**
 * Returns the materials by where they belong; what is still on its way is shown by its upload.
 * @param {Files} files
 * @returns {{lesson: Material[], course: Material[], handedIn: Material[]}}
 */
export function sections({ materials }) {
  const seen = (materials ?? []).filter(({ state }) => state !== "uploading");
  const shared = seen.filter(({ kind }) => kind !== "handed_in");
  return {
    lesson: shared.filter(({ of_course }) => !of_course),
    course: shared.filter(({ of_course }) => of_course),
    handedIn: seen.filter(({ kind }) => kind === "handed_in"),
  };
}

/** Whether it has pages that can be shown to all. @param {Material} material */
export function isShowable({ state, pages }) {
  return state === "ready" && pages > 0;
}

/** Whether it can be played to all. @param {Material} material */
export function isPlayable({ state, kind }) {
  return state === "ready" && kind === "video";
}

/**
 * Returns a size as people read it, and the key of its unit.
 * @param {number} bytes
 * @returns {{amount: string, unit: "kb" | "mb"}}
 */
export function readableSize(bytes) {
  const kilobytes = Math.max(1, Math.round(bytes / 1000));
  if (kilobytes < 1000) return { amount: String(kilobytes), unit: "kb" };
  const megabytes = bytes / 1_000_000;
  return { amount: megabytes < 10 ? megabytes.toFixed(1) : String(Math.round(megabytes)), unit: "mb" };
}
