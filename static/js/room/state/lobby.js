/**
 * Who waits to be let in, and who was removed: told to teachers and assistants alone.
 *
 * @typedef {{id: string, name: string, since: string}} Waiting
 * @typedef {{waiting: Waiting[], removed: {id: string, name: string}[]}} Lobby
 */

/** @type {Lobby} */
export const initialLobby = { waiting: [], removed: [] };

/** @param {Lobby} lobby @param {{type: string, body: any}} message @returns {Lobby} */
export function reduceLobby(lobby, { type, body }) {
  if (type === "room.snapshot") return body.lobby ?? initialLobby;
  return type === "lobby.changed" ? body : lobby;
}
