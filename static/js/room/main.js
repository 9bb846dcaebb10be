/** Puts the room together; the only module that knows all the others. */

import { find, whenLoaded } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { hideNotice, notice, say, startAnnouncing } from "./announce.js";
import { startBoard } from "./board.js";
import { mountSheet } from "./board/surface.js";
import { Broadcast } from "./broadcast.js";
import { startChat } from "./chat.js";
import { startControls } from "./controls.js";
import { Devices, problem } from "./devices.js";
import { startEnding } from "./ending.js";
import { startFaces } from "./faces.js";
import { startFiles } from "./files.js";
import { startFloor, takeTrack } from "./floor.js";
import { showPicture } from "./floor/own.js";
import { startLayout } from "./layout.js";
import { Links } from "./links.js";
import { startLobby } from "./lobby.js";
import { startModeration } from "./moderation.js";
import { startMoods } from "./moods.js";
import { forgetPage, pageId } from "./page.js";
import { panelActions, startPanel } from "./panel.js";
import { startPicture } from "./picture.js";
import { startPolls } from "./polls.js";
import { fillPickers, Meter, startPickers } from "./preview.js";
import { Publication } from "./publication.js";
import { startReport } from "./report.js";
import { startRoster, toggleFilter } from "./roster.js";
import { RequestError, Session } from "./session.js";
import { startSlides } from "./slides.js";
import { startSnapshot } from "./snapshot.js";
import { allowSound, playSound, startVolume, toggleMute, wantGesture } from "./sound.js";
import { startSpeakers } from "./speakers.js";
import {
  expectedSlots,
  initialState,
  isOnStage,
  layerLimits,
  reduce,
  Store,
  UNKNOWN_LINK,
  wantsSubscription,
} from "./state.js";
import { Subscription } from "./subscription.js";
import { startSupervision } from "./supervision.js";
import { markFirstPicture, showLocal, showSlot, startTiles, toggleFullScreen } from "./tiles.js";
import { learnTheTime } from "./time.js";
import { startTimer } from "./timer.js";
import { startVideo } from "./video.js";

const config = JSON.parse(find("#room-config").textContent ?? "{}");
const JOINED = `lectern.joined.${config.lessonId}`;
const LEAVE_LIMIT_MS = 1_000;
/**
 * What every feature gets, and what it returns: `notice` shows a sentence, `say` speaks it.
 * @typedef {{store: Store, session: Session, notice: (sentence: string) => void, say: (sentence: string) => void,
 *   people: import("./roster.js").People, panel: import("./panel.js").Panel,
 *   mountSheet: (root: HTMLElement) => import("./board/desk.js").Desk, publication: Publication, devices: Devices,
 *   problem: typeof problem, wantGesture: typeof wantGesture, complain: (error: unknown) => void}} Parts
 * @typedef {import("./controls.js").Actions} Actions
 * @typedef {(parts: Parts) => Actions} StartFeature
 */
/** One line for each feature. @type {StartFeature[]} */
const FEATURES = [
  startModeration,
  startLobby,
  startSupervision,
  startEnding,
  startSpeakers,
  startChat,
  startReport,
  startPolls,
  startMoods,
  startTimer,
  startFloor,
  startFiles,
  startSlides,
  startVideo,
  startSnapshot,
  startBoard,
];

const store = new Store(initialState({ client: pageId(), role: config.role }));
const session = new Session({ url: socketUrl(), doorUrl: config.roomPath });
const subscription = new Subscription(session);
const publication = new Publication(session);
const devices = new Devices();

function socketUrl() {
  const url = new URL(config.socketPath, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("client", store.state.client);
  return url.href;
}

/** @param {unknown} error */
function complain(error) {
  const isReply = error instanceof RequestError;
  if (!isReply) console.error(error);
  const isAway = isReply && ["offline", "timeout"].includes(error.code);
  notice((isReply && error.sentence) || text(isAway ? "try_again_offline" : "try_again"));
}

function join() {
  sessionStorage.setItem(JOINED, "yes");
  markFirstPicture();
  store.patch({ joined: true });
  return playSound();
}

async function leave() {
  sessionStorage.removeItem(JOINED);
  forgetPage();
  if (session.isOpen) await session.request("room.leave", {}, LEAVE_LIMIT_MS).catch(() => {});
  session.stop();
  location.assign(config.timetableUrl);
}

function wireMessages() {
  session.on("status", (line) => {
    store.patch({ line });
    if (line === "open") publication.sendAllLayers();
  });
  // The page is made for a role: with another one it must be loaded anew.
  session.on("failed", (failure) =>
    failure === "role_changed" ? location.reload() : store.patch({ failure, people: [] }),
  );
  session.on("message", (message) => {
    store.patch(reduce(store.state, message));
    const { type, body } = message;
    if (type === "media.closed") linkOf(body.direction).lost();
    if (type === "media.layers") publication.setLayers(body.source, body.rids);
    if (type === "room.snapshot") refreshMedia(body.media.epoch);
    if (type === "media.changed" && body.state === "ready") refreshMedia(body.epoch);
  });
}

/** @param {string} direction */
function linkOf(direction) {
  return direction === "publish" ? publication : subscription;
}

/** @param {string} epoch */
function refreshMedia(epoch) {
  subscription.refresh(epoch);
  publication.refresh(epoch);
}

function wireMedia() {
  subscription.on("state", (state) => store.patch({ subscription: state }));
  publication.on("state", (state) => store.patch({ publication: state }));
  subscription.on("track", async ({ slot, track }) => {
    await whenLoaded();
    takeTrack(slot, track);
    showSlot(slot, track);
    if (store.state.joined || isOnStage(store.state)) playSound();
  });
  subscription.on("anew", () => store.patch({ link: UNKNOWN_LINK }));
  // Word that the picture goes on may have been missed in a break of the line.
  subscription.on("moves", (slot) => {
    const { [slot]: _told, ...layers } = store.state.link.layers;
    store.patch({ link: { ...store.state.link, layers } });
  });
  store.watch((state) => {
    subscription.expect(expectedSlots(state));
    subscription.prefer(layerLimits(state));
    if (wantsSubscription(state)) subscription.open();
    else if (subscription.state !== "idle") subscription.close();
  });
}

/** @returns {Actions} what the teacher's buttons do */
function teacherActions() {
  const broadcast = new Broadcast({ session, store, publication, devices, problem });
  const meter = new Meter();
  const links = new Links(store);
  session.on("message", ({ type, body }) => {
    if (type === "room.links") links.take(body.links);
  });
  broadcast.on("taken", (name) => notice(text("stage_taken", { name })));
  broadcast.on("devices", () => fillPickers(devices, broadcast.deviceIds));
  broadcast.on("local", (local) => {
    showLocal(local);
    showPicture(local.source, local.track);
    if (local.source === "microphone") meter.listen(local.track);
  });
  startPickers(devices, (source, id) => broadcast.choose(source, id));
  broadcast.prepare();
  return {
    go_live: () => broadcast.goLive(),
    microphone: () => broadcast.toggle("microphone"),
    camera: () => broadcast.toggle("camera"),
    screen: () => broadcast.toggleScreen().catch(() => notice(text("screen_failed"))),
    speak: async () => {
      await broadcast.speak();
      const { microphone } = store.state.problems;
      if (microphone) notice(text(microphone));
    },
    hand_back: () => broadcast.stopSpeaking(),
    stop_watching: async () => {
      await broadcast.stopSpeaking();
      store.patch({ joined: false });
    },
    trouble: () => toggleFilter(store),
  };
}

/**
 * Starts the features; each returns what its buttons do.
 * @param {Parts} parts
 * @returns {Actions}
 */
function startFeatures(parts) {
  return Object.assign({}, ...FEATURES.map((startFeature) => startFeature(parts)));
}

function start() {
  learnTheTime(config.now, session);
  startFaces(store);
  const choosing = startLayout({ store, session, say });
  startTiles(store);
  startPicture(store);
  const people = startRoster(store, complain);
  startAnnouncing(store);
  startVolume();
  const panel = startPanel(store);
  wireMessages();
  wireMedia();
  const teaching = store.state.mayPublish ? teacherActions() : {};
  const common = {
    join,
    leave,
    mute: toggleMute,
    sound: allowSound,
    fullscreen: toggleFullScreen,
    hide_notice: hideNotice,
    reload: () => location.reload(),
  };
  const parts = {
    store,
    session,
    notice,
    say,
    people,
    panel,
    /** @param {HTMLElement} root */
    mountSheet: (root) => mountSheet(root, { store, session, notice }),
    publication,
    devices,
    problem,
    wantGesture,
    complain,
  };
  startControls(store, { ...common, ...panelActions(panel), ...choosing, ...teaching, ...startFeatures(parts) }, complain);
  // A reload goes on watching by itself; the browser may still want a gesture before sound.
  if (!store.state.mayPublish && sessionStorage.getItem(JOINED)) join();
  session.start();
  document.dispatchEvent(new Event("lectern:ready"));
}

start();
