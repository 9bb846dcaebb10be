/** What the staff do with the room and with people in it: lock, remove, let back. */

import { ask } from "../lib/ask.js";
import { find, findOptional } from "../lib/dom.js";
import { text } from "../lib/texts.js";

/**
 * Adds its entries to people's menus.
 * @param {import("./main.js").Parts} parts
 * @returns {import("./controls.js").Actions}
 */
export function startModeration({ store, session, notice, people }) {
  people.addEntry({
    name: "remove",
    isDanger: true,
    isOffered: ({ mayPublish }, { role }) => mayPublish && role === "student",
    act: async ({ id, name }) => {
      if (!(await isSure(name))) return;
      await session.request("room.remove", { person: id });
      notice(text("was_removed", { name }));
    },
  });
  people.addEntry({
    name: "large_for_all",
    isOffered: ({ mayPublish, stage, settings }, { id }) =>
      mayPublish && stage.holder?.id === id && settings.main !== `person:${id}`,
    act: ({ id }) => session.request("room.show", { main: `person:${id}` }),
  });
  store.watch(({ settings }) => findOptional("#lock")?.setAttribute("aria-pressed", String(settings.is_locked)));
  return {
    lock: async () => {
      const is_locked = !store.state.settings.is_locked;
      await session.request("room.lock", { is_locked });
      notice(text(is_locked ? "room_locked" : "room_unlocked"));
    },
    let_back: async (button) => {
      await session.request("room.let_back", { person: button.dataset.person });
      notice(text("may_come_back", { name: button.dataset.name ?? "" }));
      find("#panel-people").focus();
    },
  };
}

/** @param {string} name */
async function isSure(name) {
  const answers = [
    { value: "yes", label: text("remove_yes"), kind: /** @type {const} */ ("danger") },
    { value: "", label: text("remove_no") },
  ];
  return await ask({ title: text("remove_title", { name }), text: text("remove_text"), answers });
}
