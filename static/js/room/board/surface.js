/** A place in the page for a sheet: canvas, tools, words. The board has one, and whatever else is drawn on. */

import { find } from "../../lib/dom.js";
import { text } from "../../lib/texts.js";
import { isOnStage } from "../state.js";
import { mayDraw } from "../state/board.js";
import { Desk } from "./desk.js";
import { startEditor } from "./editor.js";
import { Following } from "./following.js";
import { Lasers } from "./lasers.js";
import { startToolbar } from "./toolbar.js";
import { startWords } from "./words.js";

/** @typedef {{store: import("../state.js").Store, session: import("../session.js").Session, notice: (sentence: string) => void}} Parts */

/**
 * Binds what `classroom/room/board/sheet.html` has put there; nothing is shown before `show`.
 * @param {HTMLElement} root
 * @param {Parts} parts
 * @returns {Desk}
 */
export function mountSheet(root, { store, session, notice }) {
  const desk = new Desk(find("[data-sheet-host]", root), {
    session,
    client: store.state.client,
    urlOf: (id) => new URL(`../sheets/${id}/`, location.href).href,
    me: () => ({ id: store.state.myId, isStaff: store.state.mayPublish }),
  });
  const lasers = new Lasers(desk, {
    me: () => store.state.myId,
    nameOf: (id) => store.state.people.find((person) => person.id === id)?.name ?? "",
  });
  const back = find('[data-sheet-do="follow"]', root);
  const following = new Following(desk, {
    // A colleague beside the stage follows, too.
    isLeading: () => isOnStage(store.state),
    tell: (look) => tellLook(session, look),
    changed: (isAway) => (back.hidden = !isAway),
  });
  back.addEventListener("click", () => following.follow());
  session.on("message", ({ type, body }) => {
    if (type === "board.points") lasers.take(body.points);
    if (type === "board.look" && body.by === store.state.stage.holder?.id) following.take(body);
  });
  const failed = (/** @type {unknown} */ error) => notice(/** @type {{sentence?: string}} */ (error)?.sentence || text("try_again"));
  startToolbar(root, desk, failed);
  startEditor(root, desk);
  startWords(root, desk);
  desk.on("refused", (sentence) => notice(sentence || text("try_again")));
  store.watch((state) => {
    const may = mayDraw(state);
    desk.setMayDraw(may);
    root.toggleAttribute("data-may-draw", may);
  });
  return desk;
}

/** @param {import("../session.js").Session} session @param {import("./following.js").Look} look */
function tellLook(session, { sheet, part }) {
  if (!session.isOpen) return;
  const body = part && { x: Math.round(part.x), y: Math.round(part.y), width: Math.ceil(part.width), height: Math.ceil(part.height) };
  // The next look is told in a moment anyway.
  session.request("board.look", { sheet, part: body }).catch(() => {});
}
