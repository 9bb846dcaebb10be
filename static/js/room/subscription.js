/** Watching: the relay offers fixed slots, the page answers, and each slot becomes a track. */

import { MediaLink } from "./peer.js";

/** Sound and a camera's picture never pause this long by themselves. */
const STILL_AFTER_MS = 2_000;
/** A shared screen on which nothing moves is sent rarely. */
const SCREEN_STILL_AFTER_MS = 8_000;
const RARE_SLOTS = new Set(["teacher-screen", "teacher-screen-audio"]);

/** Emits `track` with `{slot, track}` beside what MediaLink emits. */
export class Subscription extends MediaLink {
  /** @type {Record<string, string>} */ #slotOfMid = {};
  /** @type {Map<string, {bytes: number, movedAt: number}>} */ #seen = new Map();
  #expected = new Set(/** @type {string[]} */ ([]));
  #since = 0;

  /**
   * Says which slots should carry something, so that a slot that stands still is noticed.
   * @param {string[]} slots
   */
  expect(slots) {
    const now = performance.now();
    for (const slot of slots) {
      if (!this.#expected.has(slot))
        this.#seen.set(slot, { bytes: this.#seen.get(slot)?.bytes ?? 0, movedAt: now });
    }
    this.#expected = new Set(slots);
  }

  /** @param {RTCPeerConnection} peer */
  async negotiate(peer) {
    this.#seen.clear();
    const { epoch, sdp, slots } = await this.session.request("media.subscribe");
    this.#slotOfMid = slots;
    peer.ontrack = ({ transceiver, track }) => {
      const slot = slots[transceiver.mid ?? ""];
      if (slot) this.emit("track", { slot, track });
    };
    await peer.setRemoteDescription({ type: "offer", sdp });
    await peer.setLocalDescription();
    await this.session.request("media.answer", { sdp: peer.localDescription?.sdp });
    this.#since = performance.now();
    return epoch;
  }

  /** @param {RTCStatsReport} stats @param {number} now @returns {"flowing" | "unknown" | "still"} */
  flow(stats, now) {
    stats.forEach((entry) => {
      if (entry.type === "inbound-rtp") this.#measure(this.#slotOfMid[entry.mid], entry.bytesReceived, now);
    });
    const verdicts = [...this.#expected].map((slot) => this.#verdict(slot, now));
    if (verdicts.includes("still")) return "still";
    return verdicts.includes("unknown") ? "unknown" : "flowing";
  }

  /** @param {string | undefined} slot @param {number} bytes @param {number} now */
  #measure(slot, bytes, now) {
    if (slot && bytes > (this.#seen.get(slot)?.bytes ?? 0)) this.#seen.set(slot, { bytes, movedAt: now });
  }

  /** @param {string} slot @param {number} now @returns {"flowing" | "unknown" | "still"} */
  #verdict(slot, now) {
    const seen = this.#seen.get(slot);
    const rare = RARE_SLOTS.has(slot);
    const quiet = now - Math.max(seen?.movedAt ?? 0, this.#since);
    const tooLong = quiet > (rare ? SCREEN_STILL_AFTER_MS : STILL_AFTER_MS);
    if (!seen?.bytes) return tooLong ? "still" : "unknown";
    return tooLong && !rare ? "still" : "flowing";
  }
}
