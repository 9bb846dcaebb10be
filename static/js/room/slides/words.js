/** The words of slides' pages, for those who listen to them. */

export class Words {
  /** @type {Map<string, Promise<Map<number, string>>>} by material */ #known = new Map();

  /** @param {string} url of the lesson's files */
  constructor(url) {
    this.url = url;
  }

  /** Returns the words of a page, empty where there are none. @param {string} material @param {number} page */
  async of(material, page) {
    const known = this.#known.get(material) ?? this.#load(material);
    this.#known.set(material, known);
    try {
      return (await known).get(page) ?? "";
    } catch {
      this.#known.delete(material);
      return "";
    }
  }

  /** @param {string} material @returns {Promise<Map<number, string>>} */
  async #load(material) {
    const response = await fetch(`${this.url}${material}/pages/`);
    if (!response.ok) throw new Error(`the web tier answered ${response.status}`);
    /** @type {{pages: {number: number, text: string}[]}} */ const { pages } = await response.json();
    return new Map(pages.map(({ number, text }) => [number, text]));
  }
}
