/** The page's own id: a reload is the same page, a second or duplicated tab is another. */

const KEY = "lectern.page";
let isForgotten = false;

/**
 * Returns the id. It rests in `sessionStorage` only between two loads, because a duplicated tab gets a copy
 * of that.
 * @returns {string}
 */
export function pageId() {
  isForgotten = false;
  const id =
    sessionStorage.getItem(KEY) ??
    crypto.getRandomValues(new Uint32Array(4)).reduce((text, part) => text + part.toString(36), "");
  sessionStorage.removeItem(KEY);
  addEventListener("pagehide", () => {
    if (!isForgotten) sessionStorage.setItem(KEY, id);
  });
  addEventListener("pageshow", () => sessionStorage.removeItem(KEY));
  return id;
}

/**
 * Makes the next load another page: who has left on purpose does not come back to the stage by themselves.
 */
export function forgetPage() {
  isForgotten = true;
}
