/** The board on the stage: its sheets, who draws, and turning pages for all or for oneself. */

import { find, findOptional, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { download, pageOf, pdf } from "./board/export.js";
import { paintSheet } from "./board/paint.js";
import { bindPopovers } from "./board/popovers.js";
import { mountSheet } from "./board/surface.js";

/** @typedef {import("./state.js").RoomState} RoomState */
/** @typedef {{store: import("./state.js").Store, session: import("./session.js").Session, notice: (sentence: string) => void}} Parts */
/** @typedef {import("./state/board.js").Board} Board */

const EXPORT_WIDTH = 2_400;

/** Starts the board. @param {Parts} parts @returns {Record<string, () => unknown>} what its buttons do */
export function startBoard({ store, session, notice }) {
  const root = find('[data-sheet-view="board"]');
  const desk = mountSheet(root, { store, session, notice });
  bindPopovers(find("[data-sheet-menus]"));
  /** The sheet that this person looks at while not following. */ let own = "";
  const shownId = () => (own && store.state.board.sheets.some(({ id }) => id === own) ? own : (store.state.board.sheet ?? ""));

  const refresh = () => {
    const { board, mayPublish } = store.state;
    const id = board.isOpen ? shownId() : "";
    const info = board.sheets.find((sheet) => sheet.id === id);
    if (!id) desk.hide();
    else if (id !== desk.sheetId || info?.background !== desk.sheetLook.background) {
      desk.show({ id, background: info?.background ?? "plain" });
    }
    pages(board, id, { mayPublish, isFollowing: !own });
    chosen(store.state, info?.background ?? "plain");
  };
  const turn = (/** @type {number} */ by) => {
    const { sheets } = store.state.board;
    const next = sheets[sheets.findIndex(({ id }) => id === shownId()) + by];
    if (!next) return undefined;
    if (store.state.mayPublish) return session.request("board.show_sheet", { sheet: next.id });
    own = next.id;
    return refresh();
  };
  const background = (/** @type {string} */ name) => () =>
    session.request("board.set_background", { sheet: desk.sheetId, background: name });
  const mode = (/** @type {string} */ name) => () => session.request("board.set_mode", { mode: name });
  const currentBackground = () => store.state.board.sheets.find(({ id }) => id === desk.sheetId)?.background ?? "plain";

  let before = "";
  store.watch(({ board, settings, mayPublish }) => {
    const now = JSON.stringify([board, settings.board, mayPublish]);
    if (now === before) return;
    before = now;
    refresh();
  });
  return {
    board: () => session.request("board.open", { is_open: !store.state.board.isOpen }),
    board_previous: () => turn(-1),
    board_next: () => turn(1),
    board_add: () => session.request("board.add_sheet", { background: currentBackground() }),
    board_follow: () => {
      own = own ? "" : shownId();
      refresh();
    },
    board_plain: background("plain"),
    board_grid: background("grid"),
    board_lines: background("lines"),
    board_nobody: mode("nobody"),
    board_floor: mode("floor"),
    board_everybody: mode("everybody"),
    board_clear: () => desk.clear(),
    board_png: async () => {
      const blob = await desk.exportPicture();
      if (blob) download(blob, fileName(store.state, "png"));
    },
    board_pdf: async () => download(await whole(store.state.board), fileName(store.state, "pdf")),
  };
}

/** @param {Board} board @param {string} id @param {{mayPublish: boolean, isFollowing: boolean}} me */
function pages({ sheets }, id, { mayPublish, isFollowing }) {
  const index = sheets.findIndex((sheet) => sheet.id === id);
  setText(find("#board-page"), text("board_page", { number: index + 1, count: sheets.length }));
  find('[data-action="board_previous"]').setAttribute("aria-disabled", String(index <= 0));
  find('[data-action="board_next"]').setAttribute("aria-disabled", String(index >= sheets.length - 1));
  const follow = findOptional('[data-action="board_follow"]');
  if (!follow) return;
  follow.hidden = mayPublish || sheets.length < 2;
  follow.setAttribute("aria-pressed", String(isFollowing));
}

/** Marks what is chosen in the menu. @param {RoomState} state @param {string} background */
function chosen({ settings, board }, background) {
  for (const name of ["plain", "grid", "lines"]) press(`board_${name}`, name === background);
  for (const name of ["nobody", "floor", "everybody"]) press(`board_${name}`, name === settings.board);
  findOptional('[data-action="board"]')?.setAttribute("aria-checked", String(board.isOpen));
  setText(find("#board-who"), text(`board_who_${settings.is_supervised ? settings.board : "nobody"}`));
}

/** @param {string} action @param {boolean} isPressed */
function press(action, isPressed) {
  findOptional(`[data-action="${action}"]`)?.setAttribute("aria-pressed", String(isPressed));
}

/** All sheets as one PDF. @param {Board} board @returns {Promise<Blob>} */
async function whole({ sheets }) {
  const made = [];
  for (const { id, background } of sheets) {
    const response = await fetch(new URL(`../sheets/${id}/`, location.href));
    if (!response.ok) throw new Error(`A page of the board could not be loaded (${response.status}).`);
    const { elements, height } = await response.json();
    made.push(await pageOf(paintSheet(elements, { height, background, picture: null }, EXPORT_WIDTH)));
  }
  return new Blob([pdf(made)], { type: "application/pdf" });
}

/** @param {RoomState} state @param {string} ending */
function fileName({ lesson }, ending) {
  const title = (lesson?.title ?? "").replace(/[^\p{L}\p{N} _-]/gu, "").trim();
  return `${title || "board"}.${ending}`;
}
