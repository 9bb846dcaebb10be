/**
 * The chat as this page knows it: the newest messages that its person may read, and those on their way.
 *
 * @typedef {{id: string, width: number, height: number}} Picture
 * @typedef {object} Message
 * @property {number} id they grow with time
 * @property {string} nonce the word of the page that sent it
 * @property {"all" | "staff" | "person"} kind
 * @property {{id: string, name: string, is_staff: boolean}} author
 * @property {{id: string, name: string} | null} partner
 * @property {string} text empty once it is deleted
 * @property {Picture | null} picture
 * @property {string} at
 * @property {string | null} edited_at
 * @property {"" | "author" | "staff"} deleted by whom
 * @property {Record<string, number>} reactions how many, by emoji
 * @property {string[]} mine which of them are this person's
 *
 * @typedef {"all" | "staff" | {person: string}} To
 * @typedef {object} Pending one that has not come back yet
 * @property {string} nonce
 * @property {To} to
 * @property {string} name of the person it is to, or empty
 * @property {string} text
 * @property {Picture} [picture]
 * @property {string} problem empty while it is on its way
 *
 * @typedef {object} Chat
 * @property {Message[]} messages the oldest first
 * @property {boolean} hasMore whether there are older ones
 * @property {number} readUpto
 * @property {boolean} isMuted
 * @property {string[]} muted who is, told to staff
 * @property {string} myId
 * @property {Pending[]} pending
 */

/** So many messages a page keeps; older ones can be asked for again. */
export const KEPT = 600;

/** @type {Chat} */
export const initialChat = {
  messages: [],
  hasMore: false,
  readUpto: 0,
  isMuted: false,
  muted: [],
  myId: "",
  pending: [],
};

/** @param {Chat} chat @param {{type: string, body: any}} message @returns {Chat} */
export function reduceChat(chat, { type, body }) {
  switch (type) {
    case "room.snapshot":
      return body.chat ? snapshot(chat, body) : { ...initialChat, pending: chat.pending };
    case "chat.message":
      return withMessage(chat, body);
    case "chat.changed":
      return { ...chat, messages: chat.messages.map((one) => (one.id === body.id ? changed(one, body, chat.myId) : one)) };
    case "chat.muted":
      return muted(chat, body);
    case "chat.read":
      return { ...chat, readUpto: Math.max(chat.readUpto, body.upto) };
    default:
      return chat;
  }
}

/** @param {Chat} chat @param {any} body @returns {Chat} */
function snapshot(chat, { chat: told, me }) {
  const own = new Set(told.messages.filter((/** @type {Message} */ one) => one.author.id === me.id).map(nonceOf));
  return {
    messages: told.messages,
    hasMore: told.has_more,
    readUpto: told.read_upto,
    isMuted: told.is_muted,
    muted: told.muted ?? [],
    myId: me.id,
    pending: chat.pending.filter(({ nonce }) => !own.has(nonce)),
  };
}

/** @param {Message} message */
function nonceOf({ nonce }) {
  return nonce;
}

/** Returns the chat with a message that has come, as an event or as a reply. @param {Chat} chat @param {Message} message @returns {Chat} */
export function withMessage(chat, message) {
  const isOwn = message.author.id === chat.myId;
  const pending = isOwn ? chat.pending.filter(({ nonce }) => nonce !== message.nonce) : chat.pending;
  if (chat.messages.some(({ id }) => id === message.id)) return { ...chat, pending };
  const later = chat.messages.findLastIndex(({ id }) => id < message.id) + 1;
  const messages = chat.messages.toSpliced(later, 0, message);
  const isFull = messages.length > KEPT;
  return {
    ...chat,
    pending,
    messages: isFull ? messages.slice(-KEPT) : messages,
    hasMore: chat.hasMore || isFull,
    readUpto: isOwn ? Math.max(chat.readUpto, message.id) : chat.readUpto,
  };
}

/** Returns the chat with older messages before its own. @param {Chat} chat @param {{messages: Message[], has_more: boolean}} older @returns {Chat} */
export function withOlder(chat, older) {
  const first = chat.messages[0]?.id ?? Infinity;
  return { ...chat, messages: [...older.messages.filter(({ id }) => id < first), ...chat.messages], hasMore: older.has_more };
}

/** @param {Message} message @param {any} change @param {string} myId @returns {Message} */
function changed(message, { id: _id, by, ...values }, myId) {
  const others = by?.person === myId ? message.mine.filter((emoji) => emoji !== by.emoji) : message.mine;
  const mine = by?.person === myId && by.is_on ? [...others, by.emoji] : others;
  return { ...message, ...values, mine };
}

/** @param {Chat} chat @param {{person: string, is_muted: boolean}} change @returns {Chat} */
function muted(chat, { person, is_muted }) {
  const others = chat.muted.filter((id) => id !== person);
  return {
    ...chat,
    isMuted: person === chat.myId ? is_muted : chat.isMuted,
    muted: is_muted ? [...others, person] : others,
  };
}

/** How many messages of others this person has not read, among those at hand. @param {Chat} chat */
export function unreadCount({ messages, readUpto, myId }) {
  return messages.filter(({ id, author, deleted }) => id > readUpto && author.id !== myId && !deleted).length;
}

/**
 * Returns why one can't write to somebody now: `ended`, `early` before the lesson, `unsupervised`, `muted`, `off`, or empty.
 * @param {{chat: Chat, settings: {chat: string, is_supervised: boolean}, role: string, lesson: {phase: string} | null}} state
 * @param {To} to
 * @returns {"" | "ended" | "early" | "unsupervised" | "muted" | "off"}
 */
export function closedFor({ chat, settings, role, lesson }, to) {
  if (role !== "student") return "";
  if (lesson?.phase === "ended") return "ended";
  if (lesson?.phase !== "live") return "early";
  if (!settings.is_supervised) return "unsupervised";
  if (chat.isMuted) return "muted";
  return settings.chat === "off" && to !== "staff" ? "off" : "";
}
