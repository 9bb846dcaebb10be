/** A student's side: opens what is sent from one's places, follows what the room says of them, closes it at the end. */

import { mine, sendingTurns, SOURCES_OF_KIND, speakingTurn } from "../state/floor.js";

/**
 * @typedef {import("../state.js").RoomState} RoomState
 * @typedef {import("../state/floor.js").Kind} Kind
 * @typedef {import("../state/floor.js").Turn} Turn
 * @typedef {import("../session.js").Session} Session
 * @typedef {import("../state.js").Store} Store
 * @typedef {(source: string, track: MediaStreamTrack | null) => void} Shown
 */

const SOURCES = ["microphone", "camera", "screen", "screen_audio"];
const SCREENS = /** @type {Kind[]} */ (["screen", "staff_screen"]);
/** What was accepted is in the room's next word, which comes within a moment of the reply. */
const WORD_LIMIT_MS = 5_000;

export class Sending {
  /** @type {Map<string, MediaStreamTrack>} the open devices */ #tracks = new Map();
  /** @type {Map<Kind, Set<string>>} what is on, by place: a camera may be on in the gallery alone */ #on = new Map();
  /** @type {Map<Kind, number>} places that were taken and of which the room has not told yet, with a timer */
  #taking = new Map();
  #isResuming = false;
  /** @type {Shown} */ #shown;

  /**
   * @param {{session: Session, store: Store, publication: import("../publication.js").Publication,
   *   devices: import("../devices.js").Devices}} parts
   * @param {Shown} shown hears of the page's own pictures
   */
  constructor({ session, store, publication, devices }, shown) {
    this.session = session;
    this.store = store;
    this.publication = publication;
    this.devices = devices;
    this.#shown = shown;
    store.watch((state, previous) => this.#follow(state, previous));
  }

  /**
   * Takes an offered place; the press that calls this opens the devices. Raises what the browser says of them.
   * @param {Kind} kind
   * @param {string[]} wanted
   */
  async accept(kind, wanted) {
    await this.#open(kind, wanted);
    await this.#take(kind, () => this.session.request("floor.accept", { kind, sources: this.#sources(kind) }));
  }

  /** Shows a small camera to the teachers, or no longer. */
  async toggleGallery() {
    if (mine(this.store.state, "gallery")) return this.giveBack("gallery");
    await this.#open("gallery", ["camera"]);
    await this.#take("gallery", () => this.session.request("floor.show_camera"));
  }

  /** Gives a place back, or refuses it. @param {Kind} kind */
  async giveBack(kind) {
    await this.session.request("floor.decline", { kind });
  }

  /** Turns the microphone or the camera on or off. @param {"microphone" | "camera"} source */
  async toggle(source) {
    const turn = speakingTurn(this.store.state);
    if (!turn) return;
    if (this.#on.get(turn.kind)?.delete(source)) this.#apply();
    else {
      if (source === "microphone" && turn.is_muted) await this.session.request("floor.unmute");
      await this.#open(turn.kind, [source]);
    }
    await this.#tell(turn.kind);
  }

  /** @param {Kind} kind */
  #sources(kind) {
    return SOURCES_OF_KIND[kind].filter((source) => this.#on.get(kind)?.has(source));
  }

  /** @param {Kind} kind @param {() => Promise<unknown>} ask */
  async #take(kind, ask) {
    clearTimeout(this.#taking.get(kind));
    this.#taking.set(kind, setTimeout(() => this.#taken(kind), WORD_LIMIT_MS));
    try {
      await ask();
    } catch (error) {
      this.#taken(kind);
      this.#settle();
      throw error;
    }
  }

  /** @param {Kind} kind */
  #taken(kind) {
    clearTimeout(this.#taking.get(kind));
    this.#taking.delete(kind);
  }

  // Devices

  /** @param {Kind} kind @param {string[]} sources */
  async #open(kind, sources) {
    if (SCREENS.includes(kind)) await this.#openScreen(kind);
    else {
      for (const source of /** @type {("microphone" | "camera")[]} */ (sources))
        if (!this.#tracks.has(source)) this.#keep(source, await this.devices.track(source));
      this.#on.set(kind, new Set([...(this.#on.get(kind) ?? []), ...sources]));
    }
    this.#apply();
  }

  /** @param {Kind} kind */
  async #openScreen(kind) {
    const stream = await this.devices.screen();
    for (const track of stream?.getTracks() ?? []) {
      const source = track.kind === "video" ? "screen" : "screen_audio";
      if (SOURCES_OF_KIND[kind].includes(source)) this.#keep(source, track);
      else track.stop();
    }
    if (!stream) throw new DOMException("Nothing was chosen.", "AbortError");
    this.#on.set(kind, new Set(SOURCES_OF_KIND[kind].filter((source) => this.#tracks.has(source))));
  }

  /** @param {string} source @param {MediaStreamTrack} track */
  #keep(source, track) {
    track.onended = () => this.#endedByItself(source, track);
    this.#tracks.set(source, track);
  }

  /** Sends what is on in any place, and closes the rest. */
  #apply() {
    for (const source of SOURCES) {
      const kinds = [...this.#on.keys()].filter((kind) => this.#on.get(kind)?.has(source));
      const track = this.#tracks.get(source) ?? null;
      if (track && source === "camera") this.#fit(track, kinds.every((kind) => kind === "gallery"));
      if (track && !kinds.length) this.#close(source, track);
      if (track) track.enabled = kinds.length > 0;
      this.publication.setTrack(source, kinds.length ? track : null);
      this.#shown(source, kinds.length ? track : null);
    }
    const places = [...this.#on].filter(([kind]) => kind !== "gallery");
    this.store.patch({ mySources: [...new Set(places.flatMap(([, sources]) => [...sources]))] });
  }

  /** A camera for the gallery alone is small. @param {MediaStreamTrack} track @param {boolean} isSmall */
  #fit(track, isSmall) {
    this.publication.setSmall("camera", isSmall);
    this.devices.fit(track, isSmall);
  }

  /** A microphone that is off stays open, so that the first word after it is not lost. */
  #close(/** @type {string} */ source, /** @type {MediaStreamTrack} */ track) {
    if (source === "microphone" && speakingTurn(this.store.state)) return;
    track.stop();
    this.#tracks.delete(source);
  }

  /** A cable pulled out, or the browser's own "stop sharing". @param {string} source @param {MediaStreamTrack} track */
  #endedByItself(source, track) {
    if (this.#tracks.get(source) !== track) return;
    this.#tracks.delete(source);
    for (const [kind, sources] of this.#on) {
      if (!sources.delete(source)) continue;
      const isAll = kind === "gallery" || source === "screen";
      (isAll ? this.giveBack(kind) : this.#tell(kind)).catch(() => {});
    }
    this.#apply();
  }

  // What the room says

  /** @param {Kind} kind */
  async #tell(kind) {
    await this.session.request("floor.set_sources", { kind, sources: this.#sources(kind) });
  }

  /** @param {RoomState} state @param {RoomState} previous */
  #follow(state, previous) {
    const turns = sendingTurns(state);
    if (turns.length) this.publication.open();
    else if (sendingTurns(previous).length) this.publication.close();
    const isSame = state.floor === previous.floor && state.line === previous.line && state.lesson === previous.lesson;
    if (isSame && state !== previous) return;
    for (const { kind, is_muted } of turns) {
      this.#taken(kind);
      if (is_muted && this.#on.get(kind)?.delete("microphone")) this.#apply();
    }
    this.#settle();
    if (state.line === "open") this.#catchUp(turns, previous.line !== "open");
  }

  /** Closes what belongs to no place of mine any more. */
  #settle() {
    const kept = new Set([...sendingTurns(this.store.state).map(({ kind }) => kind), ...this.#taking.keys()]);
    const gone = [...this.#on.keys()].filter((kind) => !kept.has(kind));
    for (const kind of gone) this.#on.delete(kind);
    if (gone.length) this.#apply();
  }

  /**
   * After a reload opens again what was on; says again what the room may not have heard while the line was broken.
   * @param {Turn[]} turns @param {boolean} wasBroken
   */
  async #catchUp(turns, wasBroken) {
    if (this.#isResuming) return;
    this.#isResuming = true;
    try {
      for (const { kind, sources } of turns) {
        if (!this.#on.has(kind)) await this.#resume(kind, sources);
        else if (wasBroken && sources.join() !== this.#sources(kind).join()) await this.#tell(kind);
      }
    } catch {
      // The line has broken again: with the next snapshot it is tried anew.
    } finally {
      this.#isResuming = false;
    }
  }

  /** A screen is not shared again without being asked for. @param {Kind} kind @param {string[]} sources */
  async #resume(kind, sources) {
    if (SCREENS.includes(kind)) return this.giveBack(kind);
    try {
      await this.#open(kind, sources);
    } catch {
      if (kind === "gallery") return this.giveBack(kind);
      this.#on.set(kind, new Set());
      await this.#tell(kind);
    }
  }
}
