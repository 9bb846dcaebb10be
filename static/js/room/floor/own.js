/** What a student sees of their own place: the offer, their picture and buttons while they have it, the time left. */

import { find, initials, setText } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";
import { view } from "../state.js";
import { mine, offer, placeInQueue, secondsLeft, sendingTurns, waitsOutside } from "../state/floor.js";

/**
 * @typedef {import("../state.js").RoomState} RoomState
 * @typedef {import("../state/floor.js").Kind} Kind
 * @typedef {import("../state/floor.js").Turn} Turn
 * @typedef {import("./sending.js").Sending} Sending
 */

const TICK_MS = 250;
/** What one's card speaks of first. */
const ORDER = /** @type {Kind[]} */ (["floor", "seat", "screen", "staff_screen", "gallery"]);
const SPEAKING = ["floor", "seat"];

/** The kind of the place that I could take now, or empty. @param {RoomState} state */
export function offeredKind(state) {
  return offer(state)?.kind ?? "";
}

/**
 * Shows offers and one's own place.
 * @param {{store: import("../state.js").Store, say: (sentence: string) => void, notice: (sentence: string) => void,
 *   problem: (source: string, error: unknown) => string}} parts
 */
export function startOwn({ store, say, notice, problem }) {
  let isPutOff = false;
  const render = (/** @type {RoomState} */ state) => {
    showOffer(state, isPutOff);
    showOutside(state);
  };
  showOwnPlace(store);
  store.watch((state, previous) => {
    const kind = offeredKind(state);
    if (kind && kind !== offeredKind(previous)) {
      isPutOff = false;
      say(text(`offer_${kind}`));
    }
    render(state);
  });
  const complain = (/** @type {string} */ source, /** @type {unknown} */ error) => {
    // Whoever closes the browser's own question has answered it.
    if (error instanceof DOMException && error.name === "AbortError" && source === "screen") return;
    const key = error instanceof DOMException ? problem(source, error) : "";
    if (!key) throw error;
    setText(find("#floor-problem"), text(key));
    find("#floor-problem").hidden = false;
    if (find("#floor-offer").hidden) notice(text(key));
  };
  /** @param {string} source @param {() => Promise<unknown>} work */
  const guarded = async (source, work) => {
    find("#floor-problem").hidden = true;
    try {
      await work();
    } catch (error) {
      complain(source, error);
    }
  };
  return {
    shown: showPicture,
    guarded,
    /** @param {Sending} sending */
    async accept(sending) {
      const kind = offeredKind(store.state);
      if (!kind) return;
      const withCamera = /** @type {HTMLInputElement} */ (find("#floor-with-camera")).checked;
      const isScreen = !SPEAKING.includes(kind);
      const sources = isScreen ? [] : withCamera ? ["microphone", "camera"] : ["microphone"];
      await guarded(isScreen ? "screen" : "microphone", () => sending.accept(kind, sources));
    },
    /** @param {Sending} sending @param {Kind | ""} kind */
    async decline(sending, kind) {
      isPutOff = true;
      render(store.state);
      if (kind && kind !== "seat" && !mine(store.state, kind)?.is_accepted) await sending.giveBack(kind);
    },
  };
}

/** Shows one's own place while one has it, with the time left. @param {import("../state.js").Store} store */
export function showOwnPlace(store) {
  store.watch(showOwn);
  setInterval(() => showLeft(store.state), TICK_MS);
}

/** @param {RoomState} state @param {boolean} isPutOff */
function showOffer(state, isPutOff) {
  const turn = offer(state);
  const card = find("#floor-offer");
  card.hidden = !turn || view(state) !== "watching" || (isPutOff && turn.kind !== "seat");
  if (!turn) return;
  const key = turn.is_accepted ? "elsewhere" : turn.kind;
  setText(find("#floor-offer-title"), text(`offer_${key}`));
  setText(find("#floor-offer-text"), text(`offer_${key}_text`));
  setText(find("#floor-accept-text"), text(`offer_${turn.kind}_accept`));
  find("#floor-camera-choice").hidden = !SPEAKING.includes(turn.kind);
  find("#floor-offer-words").hidden = isPutOff;
  find("#floor-decline").hidden = isPutOff;
}

/** The place of mine that the card speaks of. @param {RoomState} state */
export function ownTurn(state) {
  const turns = sendingTurns(state);
  return ORDER.map((kind) => turns.find((found) => found.kind === kind)).find(Boolean);
}

/** @param {RoomState} state */
function showOwn(state) {
  const turn = ownTurn(state);
  find("#floor-own").hidden = !turn || view(state) !== "watching";
  if (!turn) return;
  const isSpeaking = SPEAKING.includes(turn.kind);
  setText(find("#floor-own-text"), text(state.mayPublish ? "own_beside" : `own_${turn.kind}`));
  setText(find("#floor-own-note"), note(state, turn));
  setText(find("#floor-own-initials"), initials(turn.name));
  find("#floor-microphone").hidden = find("#floor-camera").hidden = !isSpeaking;
  find("#floor-own").toggleAttribute("data-muted", turn.is_muted);
  setText(find("#hand-back-text"), text(backKey(state, turn)));
  showLeft(state);
}

/** @param {RoomState} state @param {Turn} turn */
function backKey({ mayPublish }, { kind }) {
  if (mayPublish) return "hand_back_beside";
  if (kind === "floor") return "hand_back";
  return ["seat", "gallery"].includes(kind) ? `hand_back_${kind}` : "hand_back_screen";
}

/** @param {RoomState} state @param {Turn} turn */
function note(state, turn) {
  if (!state.settings.is_supervised) return text("own_unsupervised");
  if (turn.kind === "gallery") return text("own_gallery_note");
  if (!SPEAKING.includes(turn.kind)) return "";
  if (turn.is_muted) return text(state.mayPublish ? "own_silent" : "own_muted");
  return text(state.mySources.includes("microphone") ? "own_hear" : "own_silent");
}

/** @param {RoomState} state */
function showLeft(state) {
  const turn = sendingTurns(state).find(({ until }) => until);
  const ring = find("#floor-own-left");
  ring.hidden = !turn;
  if (!turn) return;
  const left = secondsLeft(turn) ?? 0;
  ring.style.setProperty("--left", String(Math.min(1, left / (turn.seconds || 1))));
  ring.toggleAttribute("data-soon", left < 10);
  const whole = Math.ceil(left);
  setText(find(".ring__text", ring), `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`);
}

/** @param {RoomState} state */
function showOutside(state) {
  const isOutside = waitsOutside(state) && view(state) === "watching";
  find("#floor-outside").hidden = !isOutside;
  const number = placeInQueue(state);
  if (isOutside) setText(find("#floor-outside-text"), number ? text("outside_number", { number }) : text("outside_raise"));
}

/** Shows one's own camera in one's place. @param {string} source @param {MediaStreamTrack | null | undefined} track */
export function showPicture(source, track) {
  if (source !== "camera") return;
  const video = /** @type {HTMLVideoElement} */ (find("#floor-own-video"));
  video.hidden = !track;
  const known = video.srcObject instanceof MediaStream ? video.srcObject.getTracks()[0] : null;
  if (known === track) return;
  video.srcObject = track ? new MediaStream([track]) : null;
  // Muted, it may always play; a refusal here is that of an element that got another picture meanwhile.
  if (track) video.play().catch(() => {});
}
