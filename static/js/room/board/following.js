/** One look at a sheet: whoever is on the stage tells where they look, others follow until they look around. */

/** @typedef {import("./screen.js").Part} Part */
/** @typedef {{sheet: string, part: Part | null}} Look no part: the whole sheet */
/** @typedef {Pick<import("./desk.js").Desk, "on" | "sheetId" | "isFitted" | "part" | "fit" | "showPart">} Desk */

/** Ten looks a second are smooth enough, and few enough for a full room. */
const TELL_MS = 100;
/** Whoever has come meanwhile looks there, too. */
const AGAIN_MS = 3_000;

/** Leads or follows on one desk. */
export class Following {
  /** Where the class is led to. @type {Look | null} */ #led = null;
  #isAround = false;
  #sheet = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #telling;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #again;

  /**
   * @param {Desk} desk
   * @param {{isLeading: () => boolean, tell: (look: Look) => void, changed: (isAway: boolean) => void}} around
   *   `changed` hears whether this person looks elsewhere than where they are led to
   */
  constructor(desk, around) {
    this.desk = desk;
    this.around = around;
    desk.on("view", () => this.#tellSoon());
    desk.on("moved", () => this.#lookAround());
    desk.on("sheet", () => this.#turn());
  }

  /** Takes where the class is led to. @param {Look} look */
  take(look) {
    if (this.around.isLeading()) return;
    this.#led = look;
    this.#follow();
  }

  /** Looks where the class is led to again. */
  follow() {
    this.#isAround = false;
    this.#follow();
  }

  #follow() {
    const led = this.#led;
    if (led && led.sheet === this.desk.sheetId && !this.#isAround) {
      if (led.part) this.desk.showPart(led.part);
      else if (!this.desk.isFitted) this.desk.fit();
    }
    this.#tellChanged();
  }

  #lookAround() {
    this.#isAround = !this.around.isLeading();
    this.#tellChanged();
  }

  /** Another sheet is looked at as a whole, or where the class is led to on it. */
  #turn() {
    if (this.desk.sheetId === this.#sheet) return;
    this.#sheet = this.desk.sheetId;
    this.#isAround = false;
    this.#follow();
    this.#tellSoon();
  }

  #tellSoon() {
    if (this.around.isLeading()) this.#telling ??= setTimeout(() => this.#tell(), TELL_MS);
  }

  #tell() {
    clearTimeout(this.#again);
    this.#telling = this.#again = undefined;
    if (!this.desk.sheetId || !this.around.isLeading()) return;
    this.around.tell({ sheet: this.desk.sheetId, part: this.desk.isFitted ? null : this.desk.part });
    if (!this.desk.isFitted) this.#again = setTimeout(() => this.#tell(), AGAIN_MS);
  }

  #tellChanged() {
    const isLed = this.#led?.sheet === this.desk.sheetId && (this.#led.part !== null || !this.desk.isFitted);
    this.around.changed(this.#isAround && isLed);
  }
}
