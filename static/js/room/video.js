/** The video that is played to all: this page's player follows the web tier's clock; whoever teaches steers. */

import { now } from "../lib/clock.js";
import { find, findOptional, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { view } from "./state.js";
import { correction, isThrough, placeAt } from "./state/video.js";

/** @typedef {import("./state.js").RoomState} RoomState */
/** @typedef {import("./state/video.js").Playback} Playback */
/** @typedef {{store: import("./state.js").Store, session: import("./session.js").Session,
 *   notice: (sentence: string) => void, say: (sentence: string) => void,
 *   wantGesture: (player: HTMLMediaElement, start: (() => unknown) | null) => void}} Parts */

const FOLLOW_EVERY_MS = 250;
/** A film whose bytes stopped coming is asked for again after this time. */
const AGAIN_MS = 2_000;
/** In these views a person has come to look and listen. */
const WATCHING = new Set(["watching", "onstage", "waiting"]);

class VideoView {
  #url = find("#video").dataset.url ?? "";
  #player = /** @type {HTMLVideoElement} */ (find("#video-player"));
  #slider = /** @type {HTMLInputElement | null} */ (findOptional("#video-place"));
  #material = "";
  #isSliding = false;

  /** @param {Parts} parts */
  constructor({ store, session, notice, say, wantGesture }) {
    this.store = store;
    this.session = session;
    this.notice = notice;
    this.say = say;
    this.wantGesture = wantGesture;
    session.on("message", ({ type }) => {
      if (type === "room.snapshot" && this.#player.error) this.#load(this.#material);
    });
    this.#player.addEventListener("error", () => this.#failed());
    // A browser that knows the sound alone plays just that.
    this.#player.addEventListener("loadedmetadata", () => this.#tellProblem(this.#player.videoWidth ? "" : "video_no_picture"));
    this.#listenToVolume();
    this.#listenToSlider();
    store.watch((state, previous) => {
      if (state === previous || state.video !== previous.video) this.#render(state, previous);
      if (state === previous || state.video !== previous.video || view(state) !== view(previous)) this.#follow();
    });
    setInterval(() => this.#follow(), FOLLOW_EVERY_MS);
  }

  get actions() {
    return {
      "video-toggle": () => this.session.request(this.#isRunning ? "video.pause" : "video.play"),
      "video-close": () => this.session.request("video.close"),
    };
  }

  /** By the web tier's clock, in seconds. */
  get #now() {
    return now() / 1_000;
  }

  get #isRunning() {
    const { video } = this.store.state;
    return video !== null && video.is_playing && !isThrough(video, this.#now);
  }

  // Sound: the room's own slider and button

  get #isMuted() {
    return findOptional("[data-action='mute']")?.getAttribute("aria-pressed") === "true";
  }

  #listenToVolume() {
    const slider = /** @type {HTMLInputElement | null} */ (findOptional("#volume"));
    const apply = () => (this.#player.volume = slider ? Number(slider.value) / 100 : 1);
    slider?.addEventListener("input", apply);
    apply();
    const mute = findOptional("[data-action='mute']");
    if (mute) new MutationObserver(() => (this.#player.muted = this.#isMuted)).observe(mute, { attributeFilter: ["aria-pressed"] });
  }

  /** Plays; a browser that wants a gesture before sound shows the picture without it meanwhile. */
  async #play() {
    try {
      await this.#player.play();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "NotAllowedError" || this.#player.muted) return;
      this.#player.muted = true;
      this.wantGesture(this.#player, () => (this.#player.muted = this.#isMuted));
      await this.#player.play().catch(() => {});
    }
  }

  // What a browser can't play

  #failed() {
    if (!this.#material) return;
    if (this.#player.error?.code !== MediaError.MEDIA_ERR_NETWORK) return this.#tellProblem("video_broken");
    const material = this.#material;
    setTimeout(() => material === this.#material && this.#load(material), AGAIN_MS);
  }

  /** Says in the picture's place what is wrong. @param {string} key of a sentence; empty for nothing */
  #tellProblem(key) {
    const place = find("#video-problem");
    place.hidden = !key;
    setText(place, key && text(key));
  }

  // Following

  #follow() {
    const { video } = this.store.state;
    if (!video || !WATCHING.has(view(this.store.state))) {
      if (!this.#player.paused) this.#player.pause();
      return;
    }
    this.#tellPlace(video);
    const player = this.#player;
    if (player.readyState < HTMLMediaElement.HAVE_METADATA || player.seeking) return;
    const wanted = Math.min(placeAt(video, this.#now), player.duration || Infinity);
    if (!this.#isRunning) {
      if (!player.paused) player.pause();
      if (Math.abs(player.currentTime - wanted) > 0.03) player.currentTime = wanted;
      return;
    }
    const { jump, rate } = correction(player.currentTime, wanted);
    if (jump !== null) player.currentTime = jump;
    if (player.playbackRate !== rate) player.playbackRate = rate;
    if (player.paused && !player.ended) this.#play();
  }

  /** @param {RoomState} state @param {RoomState} previous */
  #render({ video }, previous) {
    find("#video").hidden = !video;
    const material = video?.material ?? "";
    if (material !== this.#material) {
      this.#material = material;
      this.#load(material);
      if (video) this.say(text("video_shown", { name: video.name }));
    }
    if (video) setText(find("#video-name"), video.name);
  }

  /** @param {string} material empty for none */
  #load(material) {
    const player = this.#player;
    player.playbackRate = 1;
    player.muted = this.#isMuted;
    this.wantGesture(player, null);
    this.#tellProblem("");
    if (material) player.src = `${this.#url}${material}/video/`;
    else player.removeAttribute("src");
    player.load();
  }

  // Steering

  #listenToSlider() {
    const slider = this.#slider;
    slider?.addEventListener("input", () => {
      this.#isSliding = true;
      this.#tellTime(Number(slider.value), Number(slider.max));
    });
    slider?.addEventListener("change", async () => {
      try {
        await this.session.request("video.seek", { position_ms: Math.round(Number(slider.value) * 1000) });
      } catch {
        this.notice(text("try_again"));
      } finally {
        this.#isSliding = false;
      }
    });
  }

  /** @param {Playback} video */
  #tellPlace(video) {
    const length = video.seconds || (Number.isFinite(this.#player.duration) ? this.#player.duration : 0);
    const place = Math.min(placeAt(video, this.#now), length || Infinity);
    const toggle = findOptional("#video-toggle");
    if (toggle) {
      toggle.dataset.state = this.#isRunning ? "playing" : "paused";
      const key = this.#isRunning ? "video_pause" : isThrough(video, this.#now) ? "video_again" : "video_play";
      setText(find("#video-toggle-text"), text(key));
    }
    if (this.#isSliding) return;
    if (this.#slider) {
      this.#slider.max = String(Math.ceil(length));
      this.#slider.value = String(Math.round(place));
    } else {
      /** @type {HTMLProgressElement} */ (find("#video-progress")).value = length ? place / length : 0;
    }
    this.#tellTime(place, length);
  }

  /** @param {number} place @param {number} length in seconds */
  #tellTime(place, length) {
    const words = text("video_time", { place: clock(place), length: clock(length) });
    setText(find("#video-time"), words);
    this.#slider?.setAttribute("aria-valuetext", words);
  }
}

/** Returns seconds as people read them. @param {number} seconds */
function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const small = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${small}` : small;
}

/** @param {Parts} parts @returns {Record<string, () => unknown>} */
export function startVideo(parts) {
  return new VideoView(parts).actions;
}
