/**
 * Broadcasting: the page offers one m-line for each source from the start; a source goes on and off without
 * renegotiation.
 */

import { MediaLink } from "./peer.js";

/** @typedef {{rid?: string, scaleResolutionDownBy?: number, maxBitrate: number}} Layer */

/**
 * The order of the m-lines, and the layers of each source, the lowest first; bitrates in bits a second, so
 * that one broadcast fits a school's upstream.
 * @type {{source: string, kind: "audio" | "video", encodings: Layer[]}[]}
 */
const LINES = [
  { source: "microphone", kind: "audio", encodings: [{ maxBitrate: 48_000 }] },
  {
    source: "camera",
    kind: "video",
    encodings: [
      { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
      { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
      { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
    ],
  },
  {
    source: "screen",
    kind: "video",
    encodings: [
      { rid: "l", scaleResolutionDownBy: 2, maxBitrate: 400_000 },
      { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 2_500_000 },
    ],
  },
  { source: "screen_audio", kind: "audio", encodings: [{ maxBitrate: 96_000 }] },
];
/** What a picture for the teachers' gallery takes at most; it has one layer. */
const SMALL = { scaleResolutionDownBy: 1, maxBitrate: 100_000, maxFramerate: 15 };
/** Of smaller pictures Chromium leaves out the highest layers, so that they must be divided otherwise. */
const PIXELS_FOR_LAYERS = [0, 0, 480 * 270, 960 * 540];
/**
 * The relay reports about every second, and answers the browser's own checks; silence this long means that it
 * is gone.
 */
const STILL_AFTER_MS = 4_000;

export class Publication extends MediaLink {
  /** @type {Map<string, MediaStreamTrack>} */ #tracks = new Map();
  /** @type {Map<string, RTCRtpSender>} */ #senders = new Map();
  /** @type {Map<string, string[]>} the layers that somebody watches; all where nothing was said */
  #watched = new Map();
  #small = new Set(/** @type {string[]} */ ([]));
  #isNegotiated = false;

  /**
   * Sends the source small and slow, as a gallery of many needs it, or again as usual.
   * @param {string} source
   * @param {boolean} isSmall
   */
  setSmall(source, isSmall) {
    if (isSmall === this.#small.has(source)) return;
    if (isSmall) this.#small.add(source);
    else this.#small.delete(source);
    if (this.#isNegotiated) this.#adjust(source);
  }

  /**
   * Sends the track for the source from now on; null stops its packets at once.
   * @param {string} source
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(source, track) {
    if (track) this.#tracks.set(source, track);
    else this.#tracks.delete(source);
    await this.#senders.get(source)?.replaceTrack(track);
    if (track && this.#isNegotiated) this.#adjust(source);
  }

  /**
   * Sends only these layers of the source from now on, until the link is made anew.
   * @param {string} source
   * @param {string[]} rids
   */
  setLayers(source, rids) {
    this.#watched.set(source, rids);
    if (this.#isNegotiated) this.#adjust(source);
  }

  /** Sends all layers again: word of one that is wanted may have been missed. */
  sendAllLayers() {
    const sources = [...this.#watched.keys()];
    this.#watched.clear();
    if (this.#isNegotiated) for (const source of sources) this.#adjust(source);
  }

  /** @param {RTCPeerConnection} peer */
  async negotiate(peer) {
    this.#senders.clear();
    this.#watched.clear();
    this.#isNegotiated = false;
    const lines = LINES.map((line) => ({ ...line, transceiver: this.#addLine(peer, line) }));
    await peer.setLocalDescription();
    const sources = Object.fromEntries(lines.map(({ transceiver, source }) => [transceiver.mid, source]));
    const { epoch, sdp } = await this.session.request("media.publish", {
      sdp: peer.localDescription?.sdp,
      sources,
    });
    await peer.setRemoteDescription({ type: "answer", sdp });
    this.#isNegotiated = true;
    for (const { source } of lines) this.#adjust(source);
    return epoch;
  }

  /**
   * Brings what the browser sends of the source in line with what was agreed and is watched.
   * @param {string} source
   */
  async #adjust(source) {
    const layers = LINES.find((line) => line.source === source)?.encodings ?? [];
    const sender = this.#senders.get(source);
    if (!sender || layers.length < 2) return;
    const parameters = sender.getParameters();
    const { encodings } = parameters;
    // Without simulcast in the answer a browser keeps the first layer alone, which is the smallest.
    if (encodings.length === 1) {
      const { scaleResolutionDownBy, maxBitrate } = layers[layers.length - 1];
      delete encodings[0].maxFramerate;
      Object.assign(encodings[0], this.#small.has(source) ? SMALL : { scaleResolutionDownBy, maxBitrate });
    } else {
      const watched = this.#watched.get(source);
      const isSmall = this.#small.has(source);
      const count = isSmall ? 1 : layerCount(layers.length, this.#tracks.get(source));
      encodings.forEach((encoding, index) => {
        encoding.active = index < count && (watched?.includes(encoding.rid ?? "") ?? true);
        delete encoding.maxFramerate;
        Object.assign(encoding, isSmall ? SMALL : divided(layers, Math.min(index, count - 1), count));
      });
    }
    try {
      await sender.setParameters(parameters);
    } catch (error) {
      // The connection was closed meanwhile, or a newer change has overtaken this one.
      this.emit("trouble", error);
    }
  }

  /** @param {RTCPeerConnection} peer @param {typeof LINES[number]} line */
  #addLine(peer, { source, kind, encodings }) {
    const track = this.#tracks.get(source) ?? null;
    const transceiver = peer.addTransceiver(track ?? kind, {
      direction: "sendonly",
      sendEncodings: encodings,
    });
    this.#senders.set(source, transceiver.sender);
    return transceiver;
  }

  /** @param {RTCStatsReport} _stats @param {number} now @param {number} heardAt @returns {"flowing" | "still"} */
  flow(_stats, now, heardAt) {
    return now - heardAt > STILL_AFTER_MS ? "still" : "flowing";
  }
}

/**
 * Returns how many layers a browser sends of a picture of the track's size.
 * @param {number} most @param {MediaStreamTrack | undefined} track
 */
function layerCount(most, track) {
  const { width, height } = track?.getSettings() ?? {};
  if (!width || !height) return most;
  let count = most;
  while (count > 1 && width * height < (PIXELS_FOR_LAYERS[count] ?? 0)) count -= 1;
  return count;
}

/**
 * Returns the size and bitrate of a layer where only so many of them are sent: the highest has the whole picture.
 * @param {Layer[]} layers
 */
function divided(layers, /** @type {number} */ index, /** @type {number} */ count) {
  const missing = layers.length - count;
  const { scaleResolutionDownBy } = layers[index + missing];
  return { scaleResolutionDownBy, maxBitrate: layers[index].maxBitrate * 2 ** missing };
}
