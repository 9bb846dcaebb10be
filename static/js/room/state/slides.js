/**
 * Which page of which slides all are shown, and which one this person looks at.
 *
 * @typedef {{material: string, name: string, pages: number, page: number, sheets: Record<string, string>}} Shown
 *   `sheets` are those that are drawn on, by page
 * @typedef {{shown: Shown | null, own: number}} Slides `own` is the page that this person has turned to by
 *   themselves, 0 for the one that all are shown
 */

/** @type {Slides} */
export const initialSlides = { shown: null, own: 0 };

/** @param {Slides} slides @param {{type: string, body: any}} message @returns {Slides} */
export function reduceSlides(slides, { type, body }) {
  if (type === "room.snapshot") return show(slides, body.slides ?? null);
  return type === "slides.changed" ? show(slides, body.slides) : slides;
}

/**
 * Who looks back goes on doing so while the teacher turns pages, until both are at the same page.
 * @param {Slides} slides
 * @param {Shown | null} shown
 * @returns {Slides}
 */
function show(slides, shown) {
  const isSame = shown !== null && shown.material === slides.shown?.material;
  return { shown, own: isSame && slides.own !== shown.page ? slides.own : 0 };
}

/** Returns the page that this person sees, 0 while there is none. @param {Slides} slides */
export function pageSeen({ shown, own }) {
  return shown ? own || shown.page : 0;
}

/** Whether the person has turned away from what all are shown. @param {Slides} slides */
export function isAstray({ shown, own }) {
  return shown !== null && own !== 0;
}

/**
 * Turns to a page for this person alone: any for those who teach, none that is yet to come for the others.
 * @param {Slides} slides
 * @param {number} page
 * @param {boolean} isStaff
 * @returns {Slides}
 */
export function turnTo(slides, page, isStaff) {
  if (!slides.shown) return slides;
  const last = isStaff ? slides.shown.pages : slides.shown.page;
  const wanted = Math.max(1, Math.min(page, last));
  return { ...slides, own: wanted === slides.shown.page ? 0 : wanted };
}
