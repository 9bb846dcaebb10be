/**
 * Broadcasting: the page offers one m-line for each source from the start; a source goes on and off without
 * renegotiation.
 */

import { MediaLink } from "./peer.js";

/** The order of the m-lines; bitrates in bits a second, so that one broadcast fits a school's upstream. */
const LINES = [
  { source: "microphone", kind: "audio", encoding: { maxBitrate: 48_000 } },
  { source: "camera", kind: "video", encoding: { maxBitrate: 1_200_000 } },
  { source: "screen", kind: "video", encoding: { maxBitrate: 2_500_000 } },
  { source: "screen_audio", kind: "audio", encoding: { maxBitrate: 96_000 } },
];
/**
 * The relay reports about every second, and answers the browser's own checks; silence this long means that it
 * is gone.
 */
const STILL_AFTER_MS = 4_000;

export class Publication extends MediaLink {
  /** @type {Map<string, MediaStreamTrack>} */ #tracks = new Map();
  /** @type {Map<string, RTCRtpSender>} */ #senders = new Map();
  #heard = { amount: 0, at: 0 };

  /**
   * Sends the track for the source from now on; null stops its packets at once.
   * @param {string} source
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(source, track) {
    if (track) this.#tracks.set(source, track);
    else this.#tracks.delete(source);
    await this.#senders.get(source)?.replaceTrack(track);
  }

  /** @param {RTCPeerConnection} peer */
  async negotiate(peer) {
    this.#senders.clear();
    const lines = LINES.map((line) => ({ ...line, transceiver: this.#addLine(peer, line) }));
    await peer.setLocalDescription();
    const sources = Object.fromEntries(lines.map(({ transceiver, source }) => [transceiver.mid, source]));
    const { epoch, sdp } = await this.session.request("media.publish", {
      sdp: peer.localDescription?.sdp,
      sources,
    });
    await peer.setRemoteDescription({ type: "answer", sdp });
    this.#heard = { amount: 0, at: performance.now() };
    return epoch;
  }

  /** @param {RTCPeerConnection} peer @param {typeof LINES[number]} line */
  #addLine(peer, { source, kind, encoding }) {
    const track = this.#tracks.get(source) ?? null;
    const transceiver = peer.addTransceiver(track ?? kind, {
      direction: "sendonly",
      sendEncodings: [encoding],
    });
    this.#senders.set(source, transceiver.sender);
    return transceiver;
  }

  /** @param {RTCStatsReport} stats @param {number} now @returns {"flowing" | "unknown" | "still"} */
  flow(stats, now) {
    let amount = 0;
    stats.forEach((entry) => {
      if (entry.type === "candidate-pair")
        amount += (entry.bytesReceived ?? 0) + (entry.responsesReceived ?? 0);
    });
    if (amount > this.#heard.amount) this.#heard = { amount, at: now };
    return now - this.#heard.at > STILL_AFTER_MS ? "still" : "flowing";
  }
}
