/** The side panel: one tab for each of people, chat, what the class is asked, and files. */

import { find, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";

/** @typedef {import("./state.js").RoomState} RoomState */
/** @typedef {"people" | "chat" | "questions" | "files"} Tab */
/** @typedef {{open: (tab: Tab) => void, close: () => void}} Panel */

const TABS = /** @type {const} */ (["people", "chat", "questions", "files"]);
const REMEMBERED = "lectern.panel";
/** As wide as the style sheet wants for a panel that is open from the start. */
const WIDE = "(min-width: 64rem)";

/**
 * Binds the panel and shows what was open before.
 * @param {import("./state.js").Store} store
 * @returns {Panel}
 */
export function startPanel(store) {
  const panel = find("#panel");
  const show = (/** @type {Tab | ""} */ tab) => {
    store.patch({ panel: tab, unread: { ...store.state.unread, ...(tab ? { [tab]: 0 } : {}) } });
    if (matchMedia(WIDE).matches) localStorage.setItem(REMEMBERED, tab || "none");
  };
  const close = () => {
    const tab = store.state.panel;
    show("");
    if (tab) find(`[data-opener="${tab}"]`).focus();
  };
  const open = (/** @type {Tab} */ tab) => {
    show(tab);
    find(`#tab-${tab}`).focus();
  };
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) close();
  });
  find("[role=tablist]", panel).addEventListener("keydown", (event) => arrows(/** @type {KeyboardEvent} */ (event), open));
  panel.addEventListener("click", ({ target }) => {
    const tab = target instanceof Element ? target.closest("[data-tab]") : null;
    if (tab instanceof HTMLElement) open(/** @type {Tab} */ (tab.dataset.tab));
  });
  store.patch({ panel: first() });
  store.watch(render);
  return { open, close };
}

/** Returns the actions of the buttons that open a tab. @param {Panel} panel @returns {Record<string, () => void>} */
export function panelActions(panel) {
  const openers = TABS.map((tab) => [`panel-${tab}`, () => panel.open(tab)]);
  return { ...Object.fromEntries(openers), "panel-close": panel.close };
}

/** @returns {Tab | ""} */
function first() {
  const stored = localStorage.getItem(REMEMBERED) ?? "people";
  const tab = TABS.find((name) => name === stored) ?? "";
  return matchMedia(WIDE).matches ? tab : "";
}

/** @param {KeyboardEvent} event @param {(tab: Tab) => void} open */
function arrows(event, open) {
  const at = TABS.findIndex((tab) => find(`#tab-${tab}`) === document.activeElement);
  const forwards = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  /** @type {Record<string, number>} */
  const places = { ArrowLeft: at - 1, ArrowRight: at - 1, [forwards]: at + 1, Home: 0, End: -1 };
  if (at < 0 || !(event.key in places)) return;
  event.preventDefault();
  open(/** @type {Tab} */ (TABS.at(places[event.key] % TABS.length)));
}

/** @param {RoomState} state @param {RoomState} previous */
function render(state, previous) {
  if (state.unread !== previous.unread || state.lobby !== previous.lobby || state === previous) badges(state);
  if (state.panel === previous.panel && state !== previous) return;
  find("#panel").hidden = !state.panel;
  find("#room").toggleAttribute("data-panel-open", Boolean(state.panel));
  for (const name of TABS) {
    const isShown = state.panel === name;
    const tab = find(`#tab-${name}`);
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
    find(`#panel-${name}`).hidden = !isShown;
    find(`[data-opener="${name}"]`).setAttribute("aria-expanded", String(isShown));
  }
}

/** Who waits to be let in counts with what is new about people. @param {RoomState} state */
function badges({ unread, lobby }) {
  for (const badge of document.querySelectorAll("[data-unread]")) {
    if (!(badge instanceof HTMLElement)) continue;
    const tab = badge.dataset.unread ?? "";
    const count = (unread[tab] ?? 0) + (tab === "people" ? lobby.waiting.length : 0);
    badge.hidden = !count;
    setText(badge, count ? text(count === 1 ? "unread_one" : "unread_many", { count }) : "");
    badge.dataset.count = count > 99 ? "99+" : String(count);
  }
}
