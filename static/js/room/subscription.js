/** Watching: the relay offers fixed slots, the page answers, and each slot becomes a track. */

import { MediaLink } from "./peer.js";

/** Sound and a camera's picture never pause this long by themselves. */
const STILL_AFTER_MS = 2_000;
/** Where sound flows the relay may have paused the picture, and its word of that may be under way. */
const PICTURE_STILL_AFTER_MS = 6_000;
const SOUND_FLOWS_MS = 1_500;
/** A shared screen on which nothing moves is sent rarely. */
const SCREEN_STILL_AFTER_MS = 8_000;
/** A picture just asked for needs a keyframe, and perhaps a layer that nobody has watched before. */
const COMING_MS = 2_000;
/** How often the page may report how its pictures froze. */
const REPORT_EVERY_MS = 10_000;
const MAX_FREEZES = 1_000;
const MAX_FROZEN_MS = 60_000;
/** What was under way when a picture paused has come by then: so many looks, two a second. */
const MOVES_AFTER = 3;
/** Freezes are counted of the picture that everybody sees. */
const COUNTED_SLOT = "teacher-camera";

/**
 * Emits `track` with `{slot, track}`, `anew` when a connection begins of which nothing has been told yet, and
 * `moves` with a slot that carries something although it is not expected to, beside what MediaLink emits.
 */
export class Subscription extends MediaLink {
  /** @type {Record<string, string>} */ #slotOfMid = {};
  /** @type {Map<string, {bytes: number, movedAt: number}>} */ #seen = new Map();
  #expected = new Set(/** @type {string[]} */ ([]));
  /** @type {Map<string, number>} when an expected slot must carry something */ #dueAt = new Map();
  /** @type {Map<string, number>} for how many looks a slot has moved unexpectedly */ #moving = new Map();
  #since = 0;
  /** @type {{count: number, seconds: number} | null} the browser's own sums */ #frozen = null;
  #report = { freezes: 0, seconds: 0, at: 0 };
  #limits = "{}";
  /** The limits that the relay was told of; null where it must be told anew. @type {string | null} */
  #toldLimits = "{}";
  #isAnswered = false;

  /**
   * Says which slots should carry something, so that a slot that stands still is noticed.
   * @param {string[]} slots
   */
  expect(slots) {
    const due = performance.now() + COMING_MS;
    for (const slot of slots) if (!this.#expected.has(slot)) this.#dueAt.set(slot, due);
    this.#expected = new Set(slots);
  }

  /**
   * Tells the relay the highest layer wanted of each slot, now and on every new connection.
   * @param {Record<string, number>} limits
   */
  prefer(limits) {
    this.#limits = JSON.stringify(limits);
    this.#tellLimits();
  }

  async #tellLimits() {
    if (!this.#isAnswered || this.#toldLimits === this.#limits || !this.session.isOpen) return;
    const limits = this.#limits;
    this.#toldLimits = limits;
    try {
      await this.session.request("media.prefer", { limits: JSON.parse(limits) });
    } catch {
      // Told again with whatever changes next; that the line is back is such a change.
      this.#toldLimits = null;
    }
  }

  /** @param {RTCPeerConnection} peer */
  async negotiate(peer) {
    this.#seen.clear();
    this.#frozen = null;
    this.#isAnswered = false;
    this.emit("anew");
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
    this.#isAnswered = true;
    if (this.#toldLimits !== "{}") this.#toldLimits = null;
    this.#tellLimits();
    return epoch;
  }

  /** @param {RTCStatsReport} stats @param {number} now @returns {"flowing" | "unknown" | "still"} */
  flow(stats, now) {
    stats.forEach((entry) => {
      if (entry.type !== "inbound-rtp") return;
      const slot = this.#slotOfMid[entry.mid];
      this.#measure(slot, entry.bytesReceived, now);
      if (slot === COUNTED_SLOT) this.#countFreezes(entry, slot, now);
    });
    this.#sendReport(now);
    const verdicts = [...this.#expected].map((slot) => this.#verdict(slot, now));
    if (verdicts.includes("still")) return "still";
    return verdicts.includes("unknown") ? "unknown" : "flowing";
  }

  /** @param {string | undefined} slot @param {number} bytes @param {number} now */
  #measure(slot, bytes, now) {
    if (!slot) return;
    const moves = bytes > (this.#seen.get(slot)?.bytes ?? 0);
    if (moves) this.#seen.set(slot, { bytes, movedAt: now });
    const looks = moves && !this.#expected.has(slot) ? (this.#moving.get(slot) ?? 0) + 1 : 0;
    this.#moving.set(slot, looks);
    if (looks === MOVES_AFTER) this.emit("moves", slot);
  }

  /** @param {string} slot @param {number} now @returns {"flowing" | "unknown" | "still"} */
  #verdict(slot, now) {
    const seen = this.#seen.get(slot);
    const rare = isRare(slot);
    const quiet = now - Math.max(seen?.movedAt ?? 0, this.#since, this.#dueAt.get(slot) ?? 0);
    const tooLong = quiet > (rare ? SCREEN_STILL_AFTER_MS : this.#patience(slot, now));
    if (!seen?.bytes) return tooLong ? "still" : "unknown";
    return tooLong && !rare ? "still" : "flowing";
  }

  /** @param {string} slot @param {number} now */
  #patience(slot, now) {
    if (!slot.endsWith("-camera")) return STILL_AFTER_MS;
    const others = [...this.#expected].filter((other) => other !== slot && !isRare(other));
    const flows = others.some((other) => now - (this.#seen.get(other)?.movedAt ?? 0) < SOUND_FLOWS_MS);
    return flows ? PICTURE_STILL_AFTER_MS : STILL_AFTER_MS;
  }

  /**
   * A pause that was meant to be is counted by the browser as a freeze when it ends: those are left out.
   * @param {{freezeCount?: number, totalFreezesDuration?: number}} entry
   * @param {string} slot
   * @param {number} now
   */
  #countFreezes({ freezeCount = 0, totalFreezesDuration = 0 }, slot, now) {
    const before = this.#frozen;
    this.#frozen = { count: freezeCount, seconds: totalFreezesDuration };
    if (!before || !this.#expected.has(slot) || now < (this.#dueAt.get(slot) ?? 0)) return;
    this.#report.freezes += freezeCount - before.count;
    this.#report.seconds += totalFreezesDuration - before.seconds;
  }

  /** @param {number} now */
  #sendReport(now) {
    const { freezes, seconds, at } = this.#report;
    if (now - at < REPORT_EVERY_MS || !freezes || !this.session.isOpen) return;
    this.#report = { freezes: 0, seconds: 0, at: now };
    const body = {
      freezes: Math.min(freezes, MAX_FREEZES),
      frozen_ms: Math.min(Math.round(seconds * 1000), MAX_FROZEN_MS),
    };
    // What is lost with the line is old by the time that it is back.
    this.session.request("media.report", body).catch(() => {});
  }
}

/** Whether a slot may carry nothing for a while although all is well: a screen on which nothing moves. @param {string} slot */
function isRare(slot) {
  return slot.includes("screen");
}
