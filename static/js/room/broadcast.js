/**
 * The teacher's side: which of my sources are on, holding the stage or a place beside it, and coming back to it after a
 * reload.
 */

import { Emitter } from "../lib/emitter.js";
import { isOnStage } from "./state.js";
import { speakingTurn } from "./state/floor.js";

const WANTED = "lectern.wanted";
const SCREEN_SOURCES = ["screen", "screen_audio"];
const SPOKEN = ["microphone", "camera"];

/**
 * Emits `local` with `{source, track}` for the page's own picture, `devices` when they may have changed, and
 * `taken` with the name of who took the stage.
 * @typedef {import("./session.js").Session} Session
 * @typedef {import("./state.js").Store} Store
 * @typedef {import("./publication.js").Publication} Publication
 * @typedef {import("./devices.js").Devices} Devices
 * @typedef {import("./devices.js").Source} Source
 * @typedef {import("./state.js").RoomState} RoomState
 */
export class Broadcast extends Emitter {
  /** @type {Map<string, MediaStreamTrack>} the devices that are open */ #tracks = new Map();
  #on = new Set(/** @type {string[]} */ ([]));
  #isPrepared = false;
  /** @type {(source: string, error: unknown) => string} */ #problem;
  /**
   * The sources that the web tier was last told of.
   * @type {string | null}
   */
  #lastSent = null;

  /**
   * @param {{session: Session, store: Store, publication: Publication, devices: Devices,
   *   problem: (source: string, error: unknown) => string}} parts
   */
  constructor({ session, store, publication, devices, problem }) {
    super();
    this.session = session;
    this.store = store;
    this.publication = publication;
    this.devices = devices;
    this.#problem = problem;
    store.watch((state, previous) => this.#follow(state, previous));
  }

  /** Opens camera and microphone for the preview, those that were on before a reload. */
  async prepare() {
    this.store.patch({ isAsking: true });
    const { tracks, problems } = await this.devices.open(remembered());
    for (const [source, track] of tracks) this.#use(source, track);
    this.store.patch({ problems, isAsking: false });
    this.emit("devices");
    this.#isPrepared = true;
    await this.#tellSources();
  }

  /** Takes the stage; the lesson is live. */
  async goLive() {
    this.#lastSent = null;
    await this.session.whenOpen();
    await this.session.request("lesson.go_live");
    this.store.patch({ joined: false });
  }

  /** Takes a place beside the stage's holder with the microphone; the camera goes on by its own button. */
  async speak() {
    this.#release("camera");
    if (!this.#on.has("microphone")) await this.#turnOn("microphone");
    remember([...this.#on]);
    this.#lastSent = null;
    await this.session.request("floor.speak", { sources: spoken(this.store.state) });
  }

  /** Gives the place beside the stage back; harmless without one. */
  async stopSpeaking() {
    const turn = speakingTurn(this.store.state);
    if (turn) await this.session.request("floor.decline", { kind: turn.kind });
  }

  /** Turns the microphone or the camera on or off. @param {Source} source */
  async toggle(source) {
    const { state } = this.store;
    if (source === "microphone" && speakingTurn(state)?.is_muted)
      await this.session.request("floor.allow_unmute", { person: state.myId });
    if (!this.#on.has(source)) await this.#turnOn(source);
    else if (source === "microphone") this.#mute(source);
    else this.#release(source);
    remember([...this.#on]);
    await this.#tellSources();
  }

  /** Uses another device for the source. @param {Source} source @param {string} id */
  async choose(source, id) {
    this.devices.choose(source, id);
    const wasOn = this.#on.has(source);
    this.#release(source);
    if (!wasOn) return;
    await this.#open(source);
    await this.#tellSources();
  }

  /** Shares a screen with its sound, or stops sharing. */
  async toggleScreen() {
    if (this.#tracks.has("screen")) this.#stopScreen();
    else await this.#startScreen();
    await this.#tellSources();
  }

  /** Which device each source uses. @returns {Record<string, string>} */
  get deviceIds() {
    return Object.fromEntries(
      [...this.#tracks].map(([source, track]) => [source, track.getSettings().deviceId ?? ""]),
    );
  }

  async #startScreen() {
    const stream = await this.devices.screen();
    for (const track of stream?.getTracks() ?? [])
      this.#use(track.kind === "video" ? "screen" : "screen_audio", track);
  }

  #stopScreen() {
    for (const source of SCREEN_SOURCES) this.#release(source);
  }

  /** A muted microphone stays open, so that the first word after it is not lost. @param {Source} source */
  async #turnOn(source) {
    const track = this.#tracks.get(source);
    if (track) this.#use(source, track);
    else await this.#open(source);
  }

  /** @param {string} source */
  #mute(source) {
    const track = this.#tracks.get(source);
    if (track) track.enabled = false;
    this.publication.setTrack(source, null);
    this.#changed(source, false);
  }

  /** @param {Source} source */
  async #open(source) {
    try {
      this.#use(source, await this.devices.track(source));
      this.#setProblem(source, "");
    } catch (error) {
      this.#setProblem(source, this.#problem(source, error));
    }
    this.emit("devices");
  }

  /** @param {string} source @param {MediaStreamTrack} track */
  #use(source, track) {
    track.enabled = true;
    track.onended = () => this.#endedByItself(source, track);
    this.#tracks.set(source, track);
    this.publication.setTrack(source, track);
    this.#changed(source, true);
  }

  /** Stops the device itself, so that its light goes out. @param {string} source */
  #release(source) {
    const track = this.#tracks.get(source);
    if (!track) return;
    this.#tracks.delete(source);
    this.publication.setTrack(source, null);
    track.stop();
    this.#changed(source, false);
  }

  /**
   * The browser's own "stop sharing", or a cable pulled out.
   * @param {string} source
   * @param {MediaStreamTrack} track
   */
  #endedByItself(source, track) {
    if (this.#tracks.get(source) !== track) return;
    if (SCREEN_SOURCES.includes(source)) this.#stopScreen();
    else {
      this.#release(source);
      this.#setProblem(source, `${source}_gone`);
    }
    this.#tellSources();
  }

  /** @param {string} source @param {boolean} isOn */
  #changed(source, isOn) {
    if (isOn) this.#on.add(source);
    else this.#on.delete(source);
    this.store.patch({ mySources: [...this.#on] });
    this.emit("local", { source, track: isOn ? this.#tracks.get(source) : null });
  }

  /** @param {string} source @param {string} key */
  #setProblem(source, key) {
    const { [source]: _old, ...others } = this.store.state.problems;
    this.store.patch({ problems: key ? { ...others, [source]: key } : others });
  }

  async #tellSources() {
    const word = wordOf(this.store.state);
    const asText = JSON.stringify(word);
    if (!word || !this.#isPrepared || !this.session.isOpen) return;
    if (asText === this.#lastSent) return;
    this.#lastSent = asText;
    try {
      await this.session.request(word.type, word.body);
    } catch {
      // Told again with the next snapshot: what is known there differs from mine.
      this.#lastSent = null;
    }
  }

  /** @param {import("./state/floor.js").Turn} turn @param {RoomState} state @param {RoomState} previous */
  #speakFrom(turn, state, previous) {
    this.publication.open();
    if (turn.is_muted && state.floor !== previous.floor && this.#on.has("microphone")) this.#mute("microphone");
    if (!isSame(turn.sources, spoken(this.store.state))) this.#tellSources();
    // After a reload: whoever speaks sees and hears the others, too.
    if (!speakingTurn(previous) && !state.joined) this.store.patch({ joined: true });
  }

  /** So that their lights go out: whoever has stopped speaking is sure of it. */
  #closeDevices() {
    for (const source of SPOKEN) this.#release(source);
  }

  /** @param {RoomState} state @param {RoomState} previous */
  #follow(state, previous) {
    if (state.line !== "open") this.#lastSent = null;
    const turn = speakingTurn(state);
    if (isOnStage(state)) {
      this.publication.open();
      if (!isSame(state.stage.sources, state.mySources)) this.#tellSources();
    } else if (turn) {
      this.#speakFrom(turn, state, previous);
    } else if (this.publication.state !== "idle") {
      // In this order: a connection that is closed takes no other track, nor none.
      this.#stopScreen();
      this.publication.close();
      this.#lastSent = null;
      if (speakingTurn(previous)) this.#closeDevices();
      const taker = state.stage.holder;
      if (isOnStage(previous) && taker && state.lesson?.phase === "live") this.emit("taken", taker.name);
    }
  }
}

/** @param {string[]} some @param {string[]} others */
function isSame(some, others) {
  return [...some].sort().join() === [...others].sort().join();
}

/** What of my sources is sent from a place to speak from. @param {RoomState} state */
function spoken({ mySources }) {
  return SPOKEN.filter((source) => mySources.includes(source));
}

/**
 * What the room is told of my sources, by the place that I send from; null without one.
 * @param {RoomState} state
 */
function wordOf(state) {
  if (isOnStage(state)) return { type: "stage.set_sources", body: { sources: state.mySources } };
  const turn = speakingTurn(state);
  return turn ? { type: "floor.set_sources", body: { kind: turn.kind, sources: spoken(state) } } : null;
}

/** @param {string[]} sources */
function remember(sources) {
  sessionStorage.setItem(WANTED, sources.filter((source) => !SCREEN_SOURCES.includes(source)).join());
}

/** @returns {Source[]} */
function remembered() {
  const stored = sessionStorage.getItem(WANTED) ?? "microphone,camera";
  return /** @type {Source[]} */ (stored.split(",").filter(Boolean));
}
