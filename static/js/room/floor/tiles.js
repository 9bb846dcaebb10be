/** Those who stand beside the stage: a tile each that keeps its place, and one player for each sound. */

import { find, findOptional, initials, setText } from "../../lib/dom.js";
import { layerThatFits } from "../../lib/fitting.js";
import { text } from "../../lib/texts.js";
import { NO_LAYER } from "../state.js";
import { guestScreen, isHeard, mine, secondsLeft, slotOf, speakers } from "../state/floor.js";
import { layout } from "../state/layout.js";

/**
 * @typedef {import("../state.js").RoomState} RoomState
 * @typedef {import("../state/floor.js").Turn} Turn
 */

const TICK_MS = 500;
const SCREENS = ["floor-screen", "staff-screen"];
const SOUND = /^(floor|seat)-\d+-microphone$|^floor-screen-audio$/;
/** A window that is being resized settles first. */
const SETTLE_MS = 500;

export class Tiles {
  /** @type {Map<string, MediaStreamTrack>} by slot */ #tracks = new Map();
  /** @type {Map<number, HTMLElement>} by place */ #tiles = new Map();
  #most = 1;
  #settling = 0;
  #observer = new ResizeObserver(() => {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#render(this.store.state);
      this.#measure();
    }, SETTLE_MS);
  });

  /** @param {import("../state.js").Store} store */
  constructor(store) {
    this.store = store;
    store.watch((state) => this.#render(state));
    setInterval(() => this.#times(store.state), TICK_MS);
  }

  /**
   * Keeps a slot's track; a sound gets its player now, a picture is shown where a tile has its slot.
   * @param {string} slot
   * @param {MediaStreamTrack} track
   */
  take(slot, track) {
    this.#tracks.set(slot, track);
    if (SOUND.test(slot) && !findOptional(`audio[data-slot="${slot}"]`)) find("#floor-sounds").append(player(slot));
  }

  /** Shows a slot's picture in the element, if it has come. @param {string} slot @param {HTMLVideoElement} video */
  show(slot, video) {
    if (video.dataset.slot === slot && video.srcObject) return;
    video.dataset.slot = slot;
    const track = this.#tracks.get(slot);
    if (!track) return;
    video.srcObject = new MediaStream([track]);
    // Muted, it may always play; a refusal here is that of an element that got another picture meanwhile.
    video.play().catch(() => {});
  }

  /** @param {RoomState} state */
  #render(state) {
    const turns = speakers(state);
    const list = find("#floor-tiles");
    const cells = new Map(turns.map((turn) => [turn.place, cellOf(turn, state)]));
    // It shrinks when nobody is left: those who stay keep their size, too.
    this.#most = turns.length ? Math.max(this.#most, ...cells.values()) : 1;
    const wide = Math.ceil(Math.sqrt(this.#most));
    const columns = list.clientHeight > list.clientWidth ? Math.ceil(this.#most / wide) : wide;
    const { person } = layout(state);
    const solo = turns.find((turn) => turn.person === person);
    list.style.setProperty("--columns", String(columns));
    list.style.setProperty("--rows", String(Math.ceil(this.#most / columns)));
    list.toggleAttribute("data-solo", Boolean(solo));
    for (const [place, tile] of this.#tiles) if (!turns.some((turn) => turn.place === place)) this.#drop(place, tile);
    for (const turn of turns) {
      const tile = this.#tileAt(turn.place);
      const cell = (cells.get(turn.place) ?? 1) - 1;
      tile.style.setProperty("--row", String(Math.floor(cell / columns) + 1));
      tile.style.setProperty("--column", String((cell % columns) + 1));
      this.#fill(tile, turn, state, turn === solo);
    }
    this.#guest(state);
  }

  /** Every place keeps its cell, so that nobody moves when somebody else goes. @param {number} place */
  #tileAt(place) {
    const known = this.#tiles.get(place);
    if (known) return known;
    const template = /** @type {HTMLTemplateElement} */ (find("#floor-tile-template"));
    const tile = find("li", /** @type {DocumentFragment} */ (template.content.cloneNode(true)));
    const others = [...this.#tiles].filter(([other]) => other > place).sort(([a], [b]) => a - b);
    find("#floor-tiles").insertBefore(tile, others[0]?.[1] ?? null);
    this.#tiles.set(place, tile);
    this.#observer.observe(tile);
    return tile;
  }

  /** @param {number} place @param {HTMLElement} tile */
  #drop(place, tile) {
    this.#observer.unobserve(tile);
    this.#tiles.delete(place);
    tile.remove();
  }

  /** @param {HTMLElement} tile @param {Turn} turn @param {RoomState} state @param {boolean} isSolo */
  #fill(tile, turn, state, isSolo) {
    const has = (/** @type {string} */ source) => turn.is_accepted && isHeard(state) && turn.sources.includes(source);
    const video = /** @type {HTMLVideoElement} */ (find("video", tile));
    tile.dataset.personId = turn.person;
    tile.dataset.camera = has("camera") ? "on" : "off";
    tile.dataset.microphone = has("microphone") ? "on" : "off";
    tile.toggleAttribute("data-chosen", isSolo);
    video.setAttribute("aria-label", turn.name);
    this.show(slotOf(turn, "camera"), video);
    setText(find(".floor-tile__initials", tile), initials(turn.name));
    setText(find(".floor-tile__name", tile), turn.name);
  }

  /** @param {RoomState} state */
  #guest(state) {
    const turn = guestScreen(state);
    find("#stage").dataset.guest = turn ? slotOf(turn, "screen") : "";
    if (turn) setText(find("#guest-name"), text("screen_of", { name: turn.name }));
    for (const slot of SCREENS) {
      const video = findOptional(`video[data-slot="${slot}"]`);
      if (video instanceof HTMLVideoElement) this.show(slot, video);
    }
  }

  /** @param {RoomState} state */
  #times(state) {
    for (const turn of speakers(state)) {
      const left = secondsLeft(turn);
      const place = this.#tiles.get(turn.place);
      if (!place) continue;
      const label = find(".floor-tile__left", place);
      label.hidden = left === null;
      if (left !== null) setText(label, `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`);
    }
  }

  #measure() {
    /** @type {Record<string, number>} */ const fits = {};
    for (const tile of this.#tiles.values()) {
      const video = /** @type {HTMLVideoElement} */ (find("video", tile));
      const isShown = tile.checkVisibility();
      if (video.dataset.slot) fits[video.dataset.slot] = isShown ? layerThatFits(video) : NO_LAYER;
    }
    this.store.patch({ fits: { ...this.store.state.fits, ...fits } });
  }
}

/** The cell of a place: mine has none on my own page. @param {Turn} turn @param {RoomState} state */
function cellOf({ kind, place }, state) {
  const own = mine(state, kind);
  return own && own.place < place ? place - 1 : place;
}

/** It plays as loud as the others do. @param {string} slot */
function player(slot) {
  const audio = document.createElement("audio");
  audio.dataset.slot = slot;
  const other = /** @type {HTMLAudioElement} */ (find('audio[data-slot="teacher-microphone"]'));
  audio.volume = other.volume;
  audio.muted = other.muted;
  return audio;
}
