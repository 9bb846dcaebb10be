/** The sound at a timer's end: soft, short, and heard on this computer alone. */

/** @typedef {{frequency: number, at: number, lasts: number, volume: number}} Note times in seconds, volume 0 to 1 */

/** A struck bell rises in no time and dies away; this long it rises, so that it doesn't click. */
const RISE = 0.02;
/** What counts as silence: a volume that dies away exponentially never comes to 0. */
const SILENCE = 0.0001;

/** Two falling tones and the first again, each with its octave, as a bell has it. @type {Note[]} */
export const CHIME = [880, 659, 880].flatMap((frequency, index) => [
  { frequency, at: index * 0.45, lasts: 1.2, volume: 0.12 },
  { frequency: frequency * 2, at: index * 0.45, lasts: 0.6, volume: 0.03 },
]);

/** How long notes last, in seconds. @param {Note[]} notes */
export function lengthOf(notes) {
  return Math.max(...notes.map(({ at, lasts }) => at + lasts));
}

/** Plays the notes; a browser that has had no gesture yet stays silent. @param {Note[]} [notes] */
export async function ring(notes = CHIME) {
  const audio = new AudioContext();
  for (const note of notes) play(audio, note);
  await new Promise((resolve) => setTimeout(resolve, (lengthOf(notes) + RISE) * 1_000));
  await audio.close();
}

/** @param {AudioContext} audio @param {Note} note */
function play(audio, { frequency, at, lasts, volume }) {
  const start = audio.currentTime + at;
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  tone.frequency.value = frequency;
  loudness.gain.setValueAtTime(SILENCE, start);
  loudness.gain.exponentialRampToValueAtTime(volume, start + RISE);
  loudness.gain.exponentialRampToValueAtTime(SILENCE, start + lasts);
  tone.connect(loudness).connect(audio.destination);
  tone.start(start);
  tone.stop(start + lasts);
}
