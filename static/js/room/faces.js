/** Which parts of the page belong to the room's present face, and the sentences in them. */

import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { view } from "./state.js";

/** @typedef {import("./state.js").RoomState} RoomState */

/**
 * Shows and hides what `data-views` names, with the sentences of the state.
 * @param {import("./state.js").Store} store
 */
export function startFaces(store) {
  const root = find("#room");
  store.watch((state, previous) => {
    const face = view(state);
    root.dataset.view = face;
    for (const part of document.querySelectorAll("[data-views]")) {
      if (part instanceof HTMLElement) part.hidden = !(part.dataset.views ?? "").split(" ").includes(face);
    }
    if (state.mayPublish) publisher(state);
    else student(state);
    if (face === "failed") failure(state.failure);
    if (face !== view(previous)) keepFocus();
  });
}

/** A button that has just vanished under the keyboard's focus must not throw it back to the page's start. */
function keepFocus() {
  const active = document.activeElement;
  if (!active || active === document.body || !active.checkVisibility()) find("#content").focus();
}

/** @param {RoomState} state */
function student({ lesson, stage }) {
  const isLive = lesson?.phase === "live";
  setText(find("#lobby-text"), text(isLive ? "lobby_live" : "lobby_waiting"));
  setText(
    find("#door-text"),
    text(isLive ? (stage.holder ? "door_live" : "door_away") : "door_waiting", {
      name: stage.holder?.name ?? "",
    }),
  );
}

/** @param {RoomState} state */
function publisher(state) {
  const isLive = state.lesson?.phase === "live";
  const other = isLive && state.stage.client !== state.client ? state.stage.holder : null;
  find("#watch-instead").hidden = !other;
  setText(find("#preview-text"), previewText(state, other));
  for (const source of ["camera", "microphone"]) {
    const key = state.problems[source] ?? "";
    const place = find(`#${source}-problem`);
    setText(place, key ? text(key) : "");
    place.hidden = !key;
  }
}

/** @param {RoomState} state @param {{id: string, name: string} | null} other */
function previewText(state, other) {
  if (other)
    return other.id === state.myId ? text("preview_elsewhere") : text("preview_other", { name: other.name });
  if (state.lesson?.phase === "ended") return text("preview_ended");
  return text(state.isAsking ? "preview_asking" : "preview_ready");
}

/** @param {string} word */
function failure(word) {
  setText(find("#failure-text"), text(`failed_${word}`));
  find("#failure-sign-in").hidden = word !== "signed_out";
  find("#failure-reload").hidden = !["elsewhere", "protocol"].includes(word);
}
