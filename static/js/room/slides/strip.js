/** All pages in small, for whoever teaches. */

import { find } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";

export class Strip {
  #material = "";

  /**
   * @param {HTMLElement} list
   * @param {string} url of the lesson's files
   * @param {(page: number) => Promise<void>} turn
   */
  constructor(list, url, turn) {
    this.list = list;
    this.url = url;
    list.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("[data-page]") : null;
      if (button instanceof HTMLElement) turn(Number(button.dataset.page)).catch(console.error);
    });
  }

  /** Opens or closes it. */
  toggle() {
    this.list.hidden = !this.list.hidden;
    find("#slides-strip-button").setAttribute("aria-expanded", String(!this.list.hidden));
    if (!this.list.hidden) this.#current?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  get #current() {
    return this.list.querySelector("[aria-current]");
  }

  /** @param {import("../state/slides.js").Shown} shown @param {number} page */
  show({ material, pages }, page) {
    if (material !== this.#material) this.#fill(material, pages);
    this.#material = material;
    this.#current?.removeAttribute("aria-current");
    const current = this.list.querySelector(`[data-page="${page}"]`);
    current?.setAttribute("aria-current", "true");
    if (!this.list.hidden) current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {string} material @param {number} pages */
  #fill(material, pages) {
    this.list.replaceChildren(...Array.from({ length: pages }, (_, index) => this.#entry(material, index + 1)));
  }

  /** @param {string} material @param {number} page */
  #entry(material, page) {
    const entry = document.createElement("li");
    const button = document.createElement("button");
    const picture = document.createElement("img");
    const number = document.createElement("span");
    button.type = "button";
    button.className = "slides__thumbnail";
    button.dataset.page = String(page);
    button.setAttribute("aria-label", text("slides_thumbnail", { page }));
    picture.loading = "lazy";
    picture.alt = "";
    picture.src = `${this.url}${material}/thumbnails/${page}/`;
    number.textContent = String(page);
    button.append(picture, number);
    entry.append(button);
    return entry;
  }
}
