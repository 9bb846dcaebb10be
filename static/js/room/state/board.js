/**
 * The board as the web tier tells of it: which sheets it has, which of them is shown, whether it is on the stage.
 *
 * @typedef {"plain" | "grid" | "lines"} Background
 * @typedef {{id: string, background: Background}} SheetInfo
 * @typedef {{isOpen: boolean, sheet: string | null, sheets: SheetInfo[]}} Board
 */

/** @type {Board} */
export const initialBoard = { isOpen: false, sheet: null, sheets: [] };

/** @param {Board} board @param {{type: string, body: any}} message @returns {Board} */
export function reduceBoard(board, { type, body }) {
  if (type === "room.snapshot") return body.board ? read(body.board) : initialBoard;
  return type === "board.changed" ? read(body) : board;
}

/** @param {{open: boolean, sheet: string | null, sheets: SheetInfo[]}} section @returns {Board} */
function read({ open, sheet, sheets }) {
  return { isOpen: open, sheet, sheets };
}

/**
 * Whether this person may draw now: staff in an open room, students as the teacher says, nobody unsupervised.
 * @param {import("../state.js").RoomState} state
 */
export function mayDraw({ mayPublish, settings, lesson, failure, floor, myId }) {
  if (failure || !lesson) return false;
  if (mayPublish) return true;
  if (lesson.phase !== "live" || !settings.is_supervised) return false;
  const hasFloor = floor.turns.some(
    ({ person, kind, is_accepted }) => person === myId && is_accepted && (kind === "floor" || kind === "seat"),
  );
  return settings.board === "everybody" || (settings.board === "floor" && hasFloor);
}
