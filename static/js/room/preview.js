/** The teacher's preview: the pickers for camera and microphone, and the bar that shows one's own voice. */

import { find, findOptional } from "../lib/dom.js";
import { text } from "../lib/texts.js";

const METER_EVERY_MS = 80;
/** Speech at a usual distance has an amplitude (root mean square) of about a tenth. */
const FULL_AMPLITUDE = 0.25;

/**
 * @typedef {import("./devices.js").Devices} Devices
 * @typedef {import("./devices.js").Source} Source
 */

/**
 * Binds the pickers.
 * @param {Devices} devices
 * @param {(source: Source, id: string) => Promise<void>} choose
 */
export function startPickers(devices, choose) {
  devices.on("changed", () => fillPickers(devices));
  for (const source of /** @type {Source[]} */ (["camera", "microphone"])) {
    const picker = picked(source);
    picker.addEventListener("change", () => choose(source, picker.value));
  }
}

/**
 * Lists what can be chosen, the device in use first chosen.
 * @param {Devices} devices
 * @param {Record<string, string>} [inUse]
 */
export async function fillPickers(devices, inUse = {}) {
  for (const source of /** @type {Source[]} */ (["camera", "microphone"])) {
    const picker = picked(source);
    const current = inUse[source] || picker.value;
    const found = await devices.list(source);
    const choices = found.filter((choice) => choice.id);
    picker.replaceChildren(
      ...choices.map(
        ({ id, label }, index) => new Option(label || text(`${source}_number`, { number: index + 1 }), id),
      ),
    );
    if (!choices.length)
      picker.replaceChildren(new Option(text(found.length ? "device_hidden" : `${source}_none`), ""));
    picker.disabled = choices.length < 1;
    if (choices.some((choice) => choice.id === current)) picker.value = current;
  }
}

/** @param {Source} source */
function picked(source) {
  return /** @type {HTMLSelectElement} */ (find(`#${source}-picker`));
}

/** Shows how loud the microphone hears. */
export class Meter {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {MediaStreamAudioSourceNode | null} */ #input = null;
  #timer = 0;

  /** @param {MediaStreamTrack | null | undefined} track null for silence */
  listen(track) {
    this.#input?.disconnect();
    clearInterval(this.#timer);
    show(0);
    if (!track) return;
    this.#context ??= awake(new AudioContext());
    this.#input = this.#context.createMediaStreamSource(new MediaStream([track]));
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#input.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => show(loudness(analyser, samples)), METER_EVERY_MS);
  }
}

/**
 * A browser starts sound processing only after a gesture: the first one anywhere will do.
 * @param {AudioContext} context
 */
function awake(context) {
  const resume = () => context.resume();
  for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, resume, { once: true });
  return context;
}

/** @param {AnalyserNode} analyser @param {Float32Array<ArrayBuffer>} samples */
function loudness(analyser, samples) {
  analyser.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(1, Math.sqrt(power) / FULL_AMPLITUDE);
}

/** @param {number} level 0 to 1 */
function show(level) {
  findOptional("#meter-bar")?.style.setProperty("--level", level.toFixed(2));
}
