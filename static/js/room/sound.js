/** What is heard: playing after the person's gesture, the volume and the mute button. */

import { find, findOptional } from "../lib/dom.js";

const REMEMBERED = "lectern.volume";

/** @returns {HTMLAudioElement[]} */
function players() {
  return [...document.querySelectorAll("audio[data-slot]")].filter(
    (element) => element instanceof HTMLAudioElement,
  );
}

/** Plays all sound and says whether the browser lets it; without a gesture it may not. */
export async function playSound() {
  try {
    await Promise.all(
      players()
        .filter((player) => player.srcObject)
        .map((player) => player.play()),
    );
    find("#sound-blocked").hidden = true;
  } catch (error) {
    if (error instanceof Error && error.name === "NotAllowedError") find("#sound-blocked").hidden = false;
  }
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
