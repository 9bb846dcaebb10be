/** Slides: the page that all are shown with what is drawn on it, turning pages, looking back, words to listen to. */

import { find, findOptional, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { Strip } from "./slides/strip.js";
import { Words } from "./slides/words.js";
import { isAstray, pageSeen, turnTo } from "./state/slides.js";

/** @typedef {import("./state.js").RoomState} RoomState */
/** @typedef {import("./state/slides.js").Slides} State */
/** @typedef {{store: import("./state.js").Store, session: import("./session.js").Session,
 *   say: (sentence: string) => void, mountSheet: (root: HTMLElement) => Desk, complain: (error: unknown) => void}} Parts
 * @typedef {object} Desk where a page lies with its ink
 * @property {(shown: {id: string, height: number, background: "plain", picture: CanvasImageSource}) => void} show
 * @property {() => void} hide
 * @property {number} zoomFactor 1 while the whole page is seen
 */

const TYPING = "input, select, textarea, [contenteditable], [role=tab], [role=slider], [role^=menuitem]";
/** Of every sheet, in its units. */
const SHEET_WIDTH = 16_000;
const RETRY_MS = 3_000;
/** How far a key turns, by whether it goes along the writing. */
const KEYS = { PageUp: -1, PageDown: 1, ArrowLeft: -1, ArrowRight: 1 };

class SlidesView {
  #url = find("#slides").dataset.url ?? "";
  #root = find("#slides");
  #words = new Words(this.#url);
  #shownAddress = "";
  #sheet = "";
  /** The page that the class is being turned to; 0 while none is on its way. */ #wanted = 0;

  /** @param {Parts} parts */
  constructor({ store, session, say, mountSheet, complain }) {
    this.desk = mountSheet(find('[data-sheet-view="slides"]'));
    this.store = store;
    this.session = session;
    this.say = say;
    this.complain = complain;
    const strip = findOptional("#slides-strip");
    this.strip = strip && new Strip(strip, this.#url, (page) => this.turn(page));
    document.addEventListener("keydown", (event) => this.#key(event));
    store.watch((state, previous) => this.#render(state, previous));
  }

  get actions() {
    return {
      "slides-previous": () => this.#step(-1),
      "slides-next": () => this.#step(1),
      "slides-return": () => this.#back(),
      "slides-strip": () => this.strip?.toggle(),
      "slides-close": () => this.session.request("slides.close"),
    };
  }

  /** Keeps no button busy until the class has come there: the next press counts, too. @param {number} by */
  #step(by) {
    this.turn(pageSeen(this.store.state.slides) + by).catch(this.complain);
  }

  /** Turns for all if one teaches, at once here; else for oneself. @param {number} page */
  async turn(page) {
    const { slides, mayPublish } = this.store.state;
    const turned = turnTo(slides, page, mayPublish);
    const wanted = pageSeen(turned);
    if (!mayPublish || (!this.#wanted && wanted === slides.shown?.page)) {
      this.store.patch({ slides: turned });
      return;
    }
    // Until the class has come there, what it is told on the way turns nothing back here.
    this.store.patch({ slides: { ...slides, own: wanted } });
    const isOnItsWay = this.#wanted > 0;
    this.#wanted = wanted;
    if (!isOnItsWay) await this.#turnClass();
  }

  /** Several presses in a row are one turn: to the page that is wanted when the reply comes. */
  async #turnClass() {
    try {
      for (let told = 0; told !== this.#wanted; ) {
        told = this.#wanted;
        await this.session.request("slides.turn", { page: told });
      }
    } catch (error) {
      this.#back();
      throw error;
    } finally {
      this.#wanted = 0;
    }
  }

  #back() {
    this.store.patch({ slides: { ...this.store.state.slides, own: 0 } });
    const active = document.activeElement;
    if (!active?.checkVisibility()) find("#slides-previous").focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key, target, defaultPrevented, altKey, ctrlKey, metaKey, shiftKey } = event;
    if (!(key in KEYS) || defaultPrevented || altKey || ctrlKey || metaKey || shiftKey) return;
    if (!this.store.state.slides.shown || this.#root.closest("[data-surface]")?.hasAttribute("hidden")) return;
    if (target instanceof Element && (target.matches(TYPING) || target.closest(".panel, dialog"))) return;
    // Enlarged, arrows move the page under one's eyes as everywhere.
    if (key.startsWith("Arrow") && this.desk.zoomFactor > 1.01) return;
    event.preventDefault();
    const turned = document.dir === "rtl" && key.startsWith("Arrow") ? -1 : 1;
    this.#step(turned * KEYS[/** @type {keyof typeof KEYS} */ (key)]);
  }

  /** @param {RoomState} state @param {RoomState} previous */
  #render(state, previous) {
    if (state.slides === previous.slides && state !== previous) return;
    const { slides } = state;
    this.#root.hidden = !slides.shown;
    this.#announce(slides, previous.slides, state === previous);
    if (!slides.shown) {
      this.#shownAddress = "";
      this.desk.hide();
      return;
    }
    this.#show(slides.shown, pageSeen(slides));
    this.#controls(slides, state.mayPublish);
    this.strip?.show(slides.shown, pageSeen(slides));
  }

  /**
   * A page's sheet may become known only after the teacher has seen the page: then it comes under the same picture.
   * @param {import("./state/slides.js").Shown} shown
   * @param {number} page
   */
  #show({ material, pages, sheets }, page) {
    const address = this.#address(material, page);
    const sheet = sheets[String(page)] ?? "";
    if (address === this.#shownAddress && sheet === this.#sheet) return;
    this.#shownAddress = address;
    this.#sheet = sheet;
    const near = [page + 1, page - 1].filter((other) => other >= 1 && other <= pages);
    this.#load(address, near.map((other) => this.#address(material, other)));
    this.#words.of(material, page).then((words) => {
      if (address === this.#shownAddress) setText(find("#slides-words"), words || text("slides_no_words"));
    });
  }

  /** The page before stays until the next one has come whole; its neighbours come after it. @param {string} address @param {string[]} near */
  async #load(address, near) {
    const picture = new Image();
    picture.src = address;
    try {
      await picture.decode();
    } catch {
      return this.#loadLater(address, near);
    }
    if (address !== this.#shownAddress || !this.#sheet) return;
    const height = Math.round((SHEET_WIDTH * picture.naturalHeight) / picture.naturalWidth);
    this.desk.show({ id: this.#sheet, height, background: "plain", picture });
    this.#root.dataset.address = address;
    for (const neighbour of near) new Image().src = neighbour;
  }

  /** What did not come through is asked for again while it is wanted. @param {string} address @param {string[]} near */
  #loadLater(address, near) {
    setTimeout(() => {
      if (address === this.#shownAddress) this.#load(address, near);
    }, RETRY_MS);
  }

  /** @param {string} material @param {number} page */
  #address(material, page) {
    return `${this.#url}${material}/pages/${page}/`;
  }

  /** @param {State} slides @param {boolean} isStaff */
  #controls(slides, isStaff) {
    const { shown } = slides;
    if (!shown) return;
    const page = pageSeen(slides);
    const last = isStaff ? shown.pages : shown.page;
    disable("#slides-previous", page <= 1);
    disable("#slides-next", page >= last);
    setText(find("#slides-number"), text("slides_number", { page, pages: shown.pages }));
    setText(find("#slides-name"), shown.name);
    // Who teaches is astray for the moment only in which a turn is on its way.
    const isLookingBack = isAstray(slides) && !isStaff;
    find("#slides-astray").hidden = !isLookingBack;
    if (isLookingBack) setText(find("#slides-astray-text"), text("slides_astray", { own: page, page: shown.page }));
  }

  /** @param {State} now @param {State} before @param {boolean} isFirst */
  #announce({ shown, own }, before, isFirst) {
    if (isFirst || shown === before.shown) return;
    if (!shown) this.say(text("slides_closed"));
    else if (shown.material !== before.shown?.material) this.say(text("slides_shown", { ...shown, sheets: "" }));
    else if (!own && shown.page !== before.shown.page) this.say(text("slides_page", { page: shown.page, pages: shown.pages }));
  }
}

/** Marks a button as of no use now; it keeps the focus, so that one can go on by keyboard. @param {string} selector @param {boolean} isUseless */
function disable(selector, isUseless) {
  find(selector).setAttribute("aria-disabled", String(isUseless));
}

/** @param {Parts} parts @returns {Record<string, () => unknown>} */
export function startSlides(parts) {
  return new SlidesView(parts).actions;
}
