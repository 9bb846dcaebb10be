/** Cameras, microphones and the screen: opening and choosing them, and what to say when that fails. */

import { Emitter } from "../lib/emitter.js";

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
/** As much of a camera as the teachers' gallery shows. */
const SMALL_CAMERA = { width: { ideal: 320 }, height: { ideal: 180 }, frameRate: { ideal: 15, max: 15 } };
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const SCREEN = { video: { frameRate: { ideal: 15, max: 30 } }, audio: true };
const KIND_OF_SOURCE = { camera: "videoinput", microphone: "audioinput" };
const REMEMBERED = "lectern.device.";
/** The key of the sentence for what `getUserMedia` answers; `{source}` becomes camera or microphone. */
const SENTENCES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "gone",
};

/** Emits `changed` when a device was plugged in or pulled out. @typedef {"camera" | "microphone"} Source */
export class Devices extends Emitter {
  constructor() {
    super();
    navigator.mediaDevices?.addEventListener("devicechange", () => this.emit("changed"));
  }

  /**
   * Opens the sources with one question to the person; what can't be had is told by its problem.
   * @param {Source[]} sources
   * @returns {Promise<{tracks: Map<Source, MediaStreamTrack>, problems: Record<string, string>}>}
   */
  async open(sources) {
    const tracks = new Map();
    /** @type {Record<string, string>} */ const problems = {};
    if (sources.length > 1 && (await this.#openTogether(sources, tracks))) return { tracks, problems };
    for (const source of sources) {
      try {
        tracks.set(source, await this.track(source));
      } catch (error) {
        problems[source] = problem(source, error);
      }
    }
    return { tracks, problems };
  }

  /** @param {Source[]} sources @param {Map<Source, MediaStreamTrack>} tracks */
  async #openTogether(sources, tracks) {
    const wishes = sources.map((source) => [
      KIND_OF_SOURCE[source] === "videoinput" ? "video" : "audio",
      wish(source),
    ]);
    try {
      const stream = await navigator.mediaDevices.getUserMedia(Object.fromEntries(wishes));
      for (const track of stream.getTracks())
        tracks.set(track.kind === "video" ? "camera" : "microphone", track);
      return true;
    } catch {
      // One of them may be missing or busy: each is asked for alone, which says which.
      return false;
    }
  }

  /**
   * Opens one source: the device that the person chose, or another where that one is gone.
   * @param {Source} source
   * @returns {Promise<MediaStreamTrack>}
   */
  async track(source) {
    const key = source === "camera" ? "video" : "audio";
    try {
      return (await navigator.mediaDevices.getUserMedia({ [key]: wish(source) })).getTracks()[0];
    } catch (error) {
      const isGone = error instanceof Error && ["OverconstrainedError", "NotFoundError"].includes(error.name);
      if (!isGone || !chosen(source)) throw error;
      localStorage.removeItem(REMEMBERED + source);
      return (await navigator.mediaDevices.getUserMedia({ [key]: wish(source) })).getTracks()[0];
    }
  }

  /** Has an open camera give a small picture, or again a large one. @param {MediaStreamTrack} track @param {boolean} isSmall */
  async fit(track, isSmall) {
    // A camera that can do no other size is sent as it is.
    await track.applyConstraints(isSmall ? SMALL_CAMERA : CAMERA).catch(() => {});
  }

  /**
   * Asks the person for a screen or window; null where they thought better of it.
   * @returns {Promise<MediaStream | null>}
   */
  async screen() {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia(SCREEN);
      for (const track of stream.getVideoTracks()) track.contentHint = "detail";
      return stream;
    } catch (error) {
      if (error instanceof Error && error.name === "NotAllowedError") return null;
      throw error;
    }
  }

  /**
   * Returns what there is to choose from; before the person has allowed any, a browser hides ids and labels.
   * @param {Source} source
   * @returns {Promise<{id: string, label: string}[]>}
   */
  async list(source) {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return devices
      .filter((device) => device.kind === KIND_OF_SOURCE[source])
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  }

  /** Remembers the person's choice on this computer. @param {Source} source @param {string} id */
  choose(source, id) {
    localStorage.setItem(REMEMBERED + source, id);
  }
}

/** @param {Source} source */
function chosen(source) {
  return localStorage.getItem(REMEMBERED + source);
}

/** @param {Source} source @returns {MediaTrackConstraints} */
function wish(source) {
  const id = chosen(source);
  return { ...(source === "camera" ? CAMERA : MICROPHONE), ...(id ? { deviceId: { exact: id } } : {}) };
}

/**
 * Returns the key of the sentence that says what happened and what to do.
 * @param {string} source
 * @param {unknown} error
 * @returns {string}
 */
export function problem(source, error) {
  const name = error instanceof Error ? error.name : "";
  // Without a secure address the browser has no mediaDevices at all.
  if (!navigator.mediaDevices) return "device_insecure";
  return `${source}_${SENTENCES[/** @type {keyof typeof SENTENCES} */ (name)] ?? "failed"}`;
}
