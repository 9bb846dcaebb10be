/**
 * What both directions of media share: one RTCPeerConnection at a time, watched, and made anew when it dies.
 */

import { backoff } from "../lib/backoff.js";
import { Emitter } from "../lib/emitter.js";

/** A try that has not connected by then is given up: a handshake takes a few round trips. */
const CONNECT_LIMIT_MS = 5_000;
const WATCH_EVERY_MS = 500;
const LATE_NEWS_MS = 2_000;
/**
 * A browser doubts a connection when its own checks get no answer, which a lossy line brings about by itself:
 * while anything comes on it, it is better than a new one. After so long a silence it is not.
 */
const DOUBTED_SILENCE_MS = 2_000;
const RETRY = { first: 300, cap: 3_000 };
/**
 * Media that stands still although the connection is up is asked for again more patiently: the fault may be
 * elsewhere.
 */
const RETRY_STALLED = { first: 1_500, cap: 12_000 };

/**
 * Emits `state` with `idle`, `connecting`, `connected` or `stalled`. A subclass gives `negotiate` and `flow`.
 * @typedef {import("./session.js").Session} Session
 */
export class MediaLink extends Emitter {
  /** @type {RTCPeerConnection | null} */ #peer = null;
  #state = "idle";
  #wanted = false;
  #attempt = 0;
  #retryTimer = 0;
  #connectTimer = 0;
  #watchTimer = 0;
  #connectedAt = 0;
  #isDoubted = false;
  #heard = { amount: 0, at: 0 };
  /** The relay's start that the media belongs to. */
  epoch = "";

  /** @param {Session} session */
  constructor(session) {
    super();
    this.session = session;
  }

  get state() {
    return this.#state;
  }

  /** Opens the link unless it is open, and keeps it open until `close`. */
  open() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#attempt = 0;
    this.#connect();
  }

  /** Closes the link here; the web tier is told by the caller, who knows why. */
  close() {
    this.#wanted = false;
    this.#drop();
    this.#set("idle");
  }

  /** Makes the link anew, now: its media is known to be gone. */
  restart() {
    if (!this.#wanted) return;
    this.#attempt = 0;
    this.#connect();
  }

  /** To be called when the relay says that it has closed the link. */
  lost() {
    // Word of a connection that this one has replaced may still be under way.
    if (this.#connectedAt && performance.now() - this.#connectedAt > LATE_NEWS_MS) this.restart();
  }

  /**
   * To be called when the line to the web tier is back or the relay has changed; media that lives is kept.
   * @param {string} epoch of the relay that carries the lesson now
   */
  refresh(epoch) {
    if (!this.#wanted) return;
    const waits = this.#peer === null;
    if (waits || (this.epoch && epoch && epoch !== this.epoch)) this.restart();
  }

  /**
   * Exchanges descriptions by requests and returns the relay's epoch.
   * @param {RTCPeerConnection} _peer
   * @returns {Promise<string>}
   */
  async negotiate(_peer) {
    throw new Error("A link must say how it negotiates.");
  }

  /**
   * Says whether media moves: `flowing` (or none is due), `unknown` while it is too early to tell, `still`.
   * Called twice a second while connected.
   * @param {RTCStatsReport} _stats
   * @param {number} _now in milliseconds
   * @param {number} _heardAt when anything came last, reports and answers to the browser's own checks too
   * @returns {"flowing" | "unknown" | "still"}
   */
  flow(_stats, _now, _heardAt) {
    return "flowing";
  }

  /** @param {string} state */
  #set(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.emit("state", state);
  }

  #drop() {
    this.#cancelRetry();
    clearTimeout(this.#connectTimer);
    clearInterval(this.#watchTimer);
    this.#peer?.close();
    this.#peer = null;
    this.#connectedAt = 0;
    this.#isDoubted = false;
    this.#heard = { amount: 0, at: 0 };
    this.epoch = "";
  }

  async #connect() {
    this.#drop();
    if (this.#state === "idle") this.#set("connecting");
    else if (this.#state === "connected") this.#set("stalled");
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.#peer = peer;
    peer.onconnectionstatechange = () => this.#connectionChanged(peer);
    this.#connectTimer = setTimeout(() => this.#failed(peer), CONNECT_LIMIT_MS);
    try {
      const epoch = await this.negotiate(peer);
      if (peer === this.#peer) this.epoch = epoch;
    } catch (error) {
      this.#failed(peer, error);
    }
  }

  /** @param {RTCPeerConnection} peer */
  #connectionChanged(peer) {
    if (peer !== this.#peer) return;
    this.#isDoubted = peer.connectionState === "disconnected";
    if (peer.connectionState === "connected") this.#connected(peer);
    else if (this.#isDoubted) this.#watch(peer);
    else if (["failed", "closed"].includes(peer.connectionState)) this.#failed(peer);
  }

  /** @param {RTCPeerConnection} peer */
  #connected(peer) {
    clearTimeout(this.#connectTimer);
    clearInterval(this.#watchTimer);
    const now = performance.now();
    this.#connectedAt ||= now;
    this.#heard.at = now;
    this.#watchTimer = setInterval(() => this.#watch(peer), WATCH_EVERY_MS);
    // After a stall only moving media proves that the link is good again.
    if (this.#state === "connecting") this.#set("connected");
    else this.#watch(peer);
  }

  /** @param {RTCPeerConnection} peer */
  async #watch(peer) {
    const stats = await peer.getStats();
    if (peer !== this.#peer) return;
    const now = performance.now();
    const amount = received(stats);
    if (amount > this.#heard.amount) this.#heard = { amount, at: now };
    if (this.#isDoubted && now - this.#heard.at > DOUBTED_SILENCE_MS) return this.#failed(peer);
    const flow = this.flow(stats, now, this.#heard.at);
    if (flow === "flowing") {
      this.#attempt = 0;
      this.#cancelRetry();
      this.#set("connected");
    } else if (flow === "still") {
      this.#set("stalled");
      // The connection is kept meanwhile: where the fault is the sender's, media comes back on it.
      this.#retryAfter(this.#attempt === 0 ? 0 : backoff(this.#attempt, RETRY_STALLED));
    }
  }

  /** @param {RTCPeerConnection} peer @param {unknown} [error] */
  #failed(peer, error) {
    if (peer !== this.#peer) return;
    this.#drop();
    if (this.#state === "connected") this.#set("stalled");
    if (error) this.emit("trouble", error);
    this.#retryAfter(backoff(this.#attempt, RETRY));
  }

  /** @param {number} delay */
  #retryAfter(delay) {
    if (this.#retryTimer) return;
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  #cancelRetry() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = 0;
  }
}

/**
 * Returns how much has come from the other end so far; only that it grows says something.
 * @param {RTCStatsReport} stats
 */
function received(stats) {
  let amount = 0;
  stats.forEach((entry) => {
    if (entry.type === "candidate-pair") amount += (entry.bytesReceived ?? 0) + (entry.responsesReceived ?? 0);
  });
  return amount;
}
