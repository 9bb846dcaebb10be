/**
 * What holds in the room for all, as the teachers have set it.
 *
 * @typedef {object} Settings
 * @property {"lecture" | "seminar" | "office_hours"} format
 * @property {boolean} is_locked whether newcomers wait in the lobby
 * @property {boolean} is_supervised false while no teacher is connected: students can't send, write or draw
 * @property {"on" | "slow" | "off"} chat
 * @property {"nobody" | "floor" | "everybody"} board
 * @property {boolean} may_unmute
 * @property {string} main what all see large; empty leaves it to each
 * @property {string | null} ends_for_all_at when a countdown ends the lesson
 * @property {boolean} student_chat
 * @property {boolean} student_cameras
 */

/** @type {Settings} */
export const initialSettings = {
  format: "lecture",
  is_locked: false,
  is_supervised: true,
  chat: "on",
  board: "floor",
  may_unmute: true,
  main: "",
  ends_for_all_at: null,
  student_chat: false,
  student_cameras: false,
};

/** @param {Settings} settings @param {{type: string, body: any}} message @returns {Settings} */
export function reduceSettings(settings, { type, body }) {
  if (type === "room.snapshot") return { ...initialSettings, ...body.room };
  return type === "room.changed" ? { ...settings, ...body } : settings;
}
