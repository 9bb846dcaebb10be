/**
 * What the page knows of the room. `reduce` turns the web tier's messages into state, the other functions
 * derive
 * what follows from it; nothing here touches the page.
 *
 * @typedef {{id: string, name: string, role: string}} Person
 * @typedef {{holder: {id: string, name: string} | null, client: string, sources: string[]}} Stage
 * @typedef {{phase: string, title: string, course: string, starts_at: string, ends_at: string}} Lesson
 * @typedef {"idle" | "connecting" | "connected" | "stalled"} LinkState
 * @typedef {{kind: "paused" | "weak" | "freezes" | "low" | "choice", loss: number, rtt: number}} Trouble
 *   loss is 0 to 1, rtt in milliseconds
 * @typedef {object} RoomState
 * @property {string} client this page's id
 * @property {string} role
 * @property {Lesson | null} lesson null until the first snapshot
 * @property {string} myId
 * @property {boolean} mayPublish
 * @property {boolean} isAdmitted false while the person waits in the lobby
 * @property {import("./state/settings.js").Settings} settings
 * @property {import("./state/lobby.js").Lobby} lobby
 * @property {import("./state/speakers.js").Speakers} speakers
 * @property {import("./state/files.js").Files} files
 * @property {import("./state/slides.js").Slides} slides
 * @property {import("./state/video.js").Playback | null} video
 * @property {import("./state/floor.js").Floor} floor
 * @property {import("./state/polls.js").Poll[]} polls
 * @property {import("./state/moods.js").Moods} moods
 * @property {import("./state/timer.js").Timer | null} timer
 * @property {import("./state/checks.js").Checks} checks
 * @property {import("./state/board.js").Board} board
 * @property {import("./state/chat.js").Chat} chat
 * @property {Person[]} people
 * @property {Stage} stage
 * @property {{state: string, epoch: string}} media
 * @property {"connecting" | "open" | "broken"} line
 * @property {boolean} wasOpen whether the line has been open since the page was loaded
 * @property {boolean} wasConnected whether line and media have been good together
 * @property {string} failure empty, or why the page has given up
 * @property {boolean} joined whether the person has asked to watch
 * @property {LinkState} subscription
 * @property {LinkState} publication
 * @property {string[]} mySources which of this page's sources are on
 * @property {boolean} isAsking whether the browser may be asking for my devices
 * @property {Record<string, string>} problems of my devices: the key of a sentence for each source that has one
 * @property {keyof typeof CHOICES} choice what the person wants to see at most
 * @property {boolean} isAway whether nobody has looked at the page for a while
 * @property {Record<string, number>} fits the highest layer that a slot's tile has use for
 * @property {{layers: Record<string, number>, limited: string}} link which layers the relay sends this page, and
 *   why not more
 * @property {boolean} isUplinkWeak whether what this page sends arrives badly
 * @property {Record<string, Trouble>} troubles of people's connections, by person
 * @property {string} panel the side panel's open tab, or empty
 * @property {Record<string, number>} unread how much of a tab's has not been seen, by tab
 * @property {string} pin what the person has made large for themselves: a surface, `person:<id>` or empty
 */

import { initialBoard, reduceBoard } from "./state/board.js";
import { initialChat, reduceChat } from "./state/chat.js";
import { initialFiles, reduceFiles } from "./state/files.js";
import { initialFloor, reduceFloor, waitsOutside } from "./state/floor.js";
import { initialChecks, reduceChecks } from "./state/checks.js";
import { initialLobby, reduceLobby } from "./state/lobby.js";
import { initialMoods, reduceMoods } from "./state/moods.js";
import { initialPolls, reducePolls } from "./state/polls.js";
import { initialSettings, reduceSettings } from "./state/settings.js";
import { initialSpeakers, reduceSpeakers } from "./state/speakers.js";
import { initialSlides, reduceSlides } from "./state/slides.js";
import { reduceTimer } from "./state/timer.js";
import { initialVideo, reduceVideo } from "./state/video.js";

/** Which slot carries which source of the stage. */
export const SLOT_OF_SOURCE = {
  microphone: "teacher-microphone",
  camera: "teacher-camera",
  screen: "teacher-screen",
  screen_audio: "teacher-screen-audio",
};
/** A layer's number stands for no picture; the lowest is 0. */
export const NO_LAYER = -1;
/** As high as a layer's number can be: no limit at all. */
export const TOP_LAYER = 2;
/** What a person can choose: the highest layer of each picture. */
export const CHOICES = { automatic: TOP_LAYER, medium: 1, low: 0, sound: NO_LAYER };
const PICTURE_SLOTS = [SLOT_OF_SOURCE.camera, SLOT_OF_SOURCE.screen];
/** A link of which nothing has been told. */
export const UNKNOWN_LINK = { layers: {}, limited: "" };
/**
 * What a message makes of each feature's part of the state; a part that it leaves alone is returned as it is.
 * @type {Record<string, (part: any, message: {type: string, body: any}) => any>}
 */
const FEATURES = {
  settings: reduceSettings,
  lobby: reduceLobby,
  speakers: reduceSpeakers,
  files: reduceFiles,
  slides: reduceSlides,
  video: reduceVideo,
  floor: reduceFloor,
  polls: reducePolls,
  moods: reduceMoods,
  timer: reduceTimer,
  checks: reduceChecks,
  board: reduceBoard,
  chat: reduceChat,
};
const EMPTY_STAGE = { holder: null, client: "", sources: [] };

/** Holds the state and tells of every change. */
export class Store {
  /** @type {Set<(state: RoomState, previous: RoomState) => void>} */ #listeners = new Set();

  /** @param {RoomState} state */
  constructor(state) {
    this.state = state;
  }

  /** @param {(state: RoomState, previous: RoomState) => void} listener called now and after every change */
  watch(listener) {
    this.#listeners.add(listener);
    listener(this.state, this.state);
  }

  /** @param {Partial<RoomState>} change */
  patch(change) {
    const previous = this.state;
    const next = { ...previous, ...change };
    const wasOpen = next.wasOpen || next.line === "open";
    // Who has just gone live connects their media for the first time: that is no way back.
    const wasConnected = next.wasConnected && isOnStage(next) === isOnStage(previous);
    this.state = { ...next, wasOpen, wasConnected: wasConnected || isConnected(next) };
    for (const listener of this.#listeners) listener(this.state, previous);
  }
}

/**
 * Returns the state of a page that has heard nothing yet.
 * @param {{client: string, role: string}} page
 * @returns {RoomState}
 */
export function initialState({ client, role }) {
  return {
    client,
    role,
    lesson: null,
    myId: "",
    mayPublish: role !== "student",
    isAdmitted: true,
    settings: initialSettings,
    lobby: initialLobby,
    speakers: initialSpeakers,
    files: initialFiles,
    slides: initialSlides,
    video: initialVideo,
    floor: initialFloor,
    polls: initialPolls,
    moods: initialMoods,
    timer: null,
    checks: initialChecks,
    board: initialBoard,
    chat: initialChat,
    people: [],
    stage: EMPTY_STAGE,
    media: { state: "none", epoch: "" },
    line: "connecting",
    wasOpen: false,
    wasConnected: false,
    failure: "",
    joined: false,
    subscription: "idle",
    publication: "idle",
    mySources: [],
    isAsking: false,
    problems: {},
    choice: "automatic",
    isAway: false,
    fits: {},
    link: UNKNOWN_LINK,
    isUplinkWeak: false,
    troubles: {},
    panel: "",
    unread: {},
    pin: "",
  };
}

/**
 * Returns what a message changes. Events set values, so that one may be applied twice.
 * @param {RoomState} state
 * @param {{type: string, body: any}} message
 * @returns {Partial<RoomState>}
 */
export function reduce(state, message) {
  return { ...reduceRoom(state, message), ...reduceFeatures(state, message) };
}

/**
 * Every feature keeps a part of the state of its own; returns those that the message changes.
 * @param {RoomState} state
 * @param {{type: string, body: any}} message
 * @returns {Partial<RoomState>}
 */
function reduceFeatures(state, message) {
  const parts = Object.entries(FEATURES).map(([part, reducePart]) => {
    const before = state[/** @type {keyof RoomState} */ (part)];
    return { part, before, now: reducePart(before, message) };
  });
  return Object.fromEntries(parts.filter(({ before, now }) => now !== before).map(({ part, now }) => [part, now]));
}

/**
 * @param {RoomState} state
 * @param {{type: string, body: any}} message
 * @returns {Partial<RoomState>}
 */
function reduceRoom(state, { type, body }) {
  switch (type) {
    case "room.snapshot":
      return snapshot(body);
    case "roster.changed":
      return { people: roster(state.people, body) };
    case "lesson.changed":
      return state.lesson ? { lesson: { ...state.lesson, phase: body.phase } } : {};
    case "stage.changed":
      return { stage: { ...EMPTY_STAGE, ...body } };
    case "media.changed":
      return { media: { ...state.media, ...body } };
    case "media.link":
      return { link: { layers: body.layers, limited: body.limited } };
    default:
      return {};
  }
}

/** @param {any} body @returns {Partial<RoomState>} */
function snapshot({ lesson, me, people, stage, media }) {
  return {
    lesson,
    myId: me.id,
    role: me.role,
    mayPublish: me.can.includes("publish"),
    isAdmitted: me.is_admitted,
    people,
    stage: { ...EMPTY_STAGE, ...stage },
    media,
  };
}

/** @param {Person[]} people @param {{joined?: Person[], left?: string[]}} change @returns {Person[]} */
function roster(people, { joined = [], left = [] }) {
  const gone = new Set([...left, ...joined.map((person) => person.id)]);
  return [...people.filter((person) => !gone.has(person.id)), ...joined];
}

/** Whether this page holds the stage of a live lesson. @param {RoomState} state */
export function isOnStage(state) {
  if (state.failure) return false;
  return (
    state.lesson?.phase === "live" &&
    state.stage.client === state.client &&
    state.stage.holder?.id === state.myId
  );
}

/**
 * Whether this page wants to see and hear others; students from the start, so that it is there at once, and
 * whoever is on the stage to hear the class.
 */
export function wantsSubscription(/** @type {RoomState} */ state) {
  if (state.failure || !state.lesson || !state.isAdmitted || state.lesson.phase === "ended") return false;
  return state.mayPublish ? state.joined || isOnStage(state) : !waitsOutside(state);
}

/**
 * Which slots should carry something now: the stage's, unless it is mine: also on another page of mine nothing of it
 * comes back. What comes from students may stop with their lines, which is no fault of this page's.
 * @param {RoomState} state
 * @returns {string[]}
 */
export function expectedSlots(state) {
  const { holder } = state.stage;
  if (state.lesson?.phase !== "live" || !holder || holder.id === state.myId) return [];
  return state.stage.sources
    .map((source) => SLOT_OF_SOURCE[/** @type {keyof typeof SLOT_OF_SOURCE} */ (source)])
    .filter((slot) => !state.isAway || !PICTURE_SLOTS.includes(slot))
    .filter((slot) => !pause(state, slot));
}

/**
 * Returns the highest layer that this page wants of each slot; a slot without a limit is not named.
 * @param {RoomState} state
 * @returns {Record<string, number>}
 */
export function layerLimits({ choice, isAway, fits }) {
  const slots = [...new Set([...PICTURE_SLOTS, ...Object.keys(fits)])];
  const limits = slots.map((slot) => {
    const wanted = isAway ? NO_LAYER : Math.min(CHOICES[choice], fits[slot] ?? TOP_LAYER);
    return /** @type {const} */ ([slot, wanted]);
  });
  return Object.fromEntries(limits.filter(([, limit]) => limit < TOP_LAYER));
}

/**
 * Returns why a slot's picture pauses: by the person's `choice`, because the `link` is too slow, or not at
 * all.
 * @param {RoomState} state
 * @param {string} slot
 * @returns {"" | "choice" | "link"}
 */
export function pause({ choice, link }, slot) {
  if (!PICTURE_SLOTS.includes(slot)) return "";
  if (CHOICES[choice] === NO_LAYER) return "choice";
  return link.layers[slot] === NO_LAYER && link.limited === "link" ? "link" : "";
}

/** @param {RoomState} state */
function isConnected(state) {
  if (state.line !== "open" || !state.lesson) return false;
  if (isOnStage(state)) return state.publication === "connected";
  return !wantsSubscription(state) || state.subscription === "connected";
}

/**
 * Returns the word for the room's `data-connection-state`.
 * @param {RoomState} state
 * @returns {"connecting" | "connected" | "reconnecting" | "failed" | "ended"}
 */
export function connectionState(state) {
  if (state.failure) return "failed";
  if (state.lesson?.phase === "ended") return "ended";
  if (isConnected(state)) return "connected";
  const wasGood = state.line === "open" ? state.wasConnected : state.wasOpen;
  return wasGood ? "reconnecting" : "connecting";
}

/**
 * Returns which face of the room is shown: `lobby` until admitted, `door` before Join, `waiting` for the teacher, `watching`,
 * `preview` and
 * `onstage` for those who may publish, `ended`, `failed`.
 * @param {RoomState} state
 * @returns {"door" | "lobby" | "waiting" | "watching" | "preview" | "onstage" | "ended" | "failed"}
 */
export function view(state) {
  if (state.failure) return "failed";
  if (isOnStage(state)) return "onstage";
  const phase = state.lesson?.phase;
  if (state.mayPublish && !(state.joined && phase === "live")) return "preview";
  if (phase === "ended") return "ended";
  if (!state.isAdmitted) return "lobby";
  if (!state.joined) return "door";
  return phase === "live" ? "watching" : "waiting";
}
