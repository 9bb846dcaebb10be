/** What is heard: playing after the person's gesture, the volume and the mute button. */

import { find, findOptional } from "../lib/dom.js";

const REMEMBERED = "lectern.volume";

/** What starts once the person presses something: the browser has refused these sounds. @type {Map<HTMLMediaElement, () => unknown>} */
const refused = new Map();

/** @returns {HTMLAudioElement[]} */
function players() {
  return [...document.querySelectorAll("audio[data-slot]")].filter(
    (element) => element instanceof HTMLAudioElement,
  );
}

/** Plays all sound; what the browser refuses without a gesture, the person is asked for. */
export async function playSound() {
  await Promise.all(players().filter((player) => player.srcObject).map(play));
}

/** @param {HTMLAudioElement} player */
async function play(player) {
  try {
    await player.play();
    wantGesture(player, null);
  } catch (error) {
    if (error instanceof Error && error.name === "NotAllowedError") wantGesture(player, () => play(player));
  }
}

/**
 * Asks the person for a gesture, which starts the sound; null says that the player needs none any more.
 * @param {HTMLMediaElement} player
 * @param {(() => unknown) | null} start
 */
export function wantGesture(player, start) {
  if (start) refused.set(player, start);
  else refused.delete(player);
  find("#sound-blocked").hidden = refused.size === 0;
}

/** Starts what was refused: called in the person's gesture. */
export function allowSound() {
  const starts = [...refused.values()];
  for (const player of [...refused.keys()]) wantGesture(player, null);
  for (const start of starts) start();
}

/** Silences the room, or lets it be heard again; the slider keeps its place. */
export function toggleMute() {
  const button = find("[data-action='mute']");
  const isMuted = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isMuted));
  for (const player of players()) player.muted = isMuted;
}

/** Binds the volume slider; the volume is remembered on this computer. */
export function startVolume() {
  const slider = /** @type {HTMLInputElement | null} */ (findOptional("#volume"));
  if (!slider) return;
  slider.value = localStorage.getItem(REMEMBERED) ?? slider.value;
  const apply = () => {
    for (const player of players()) player.volume = Number(slider.value) / 100;
  };
  slider.addEventListener("input", () => {
    apply();
    localStorage.setItem(REMEMBERED, slider.value);
  });
  apply();
}
