/** What a student's page sends from its places, with the browser's devices and connections played. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

/** A camera or a microphone. */
class FakeTrack {
  /** @type {FakeTrack[]} */ static all = [];
  enabled = true;
  isStopped = false;
  /** @type {(() => void) | null} */ onended = null;

  /** @param {string} kind */
  constructor(kind) {
    this.kind = kind;
    FakeTrack.all.push(this);
  }

  stop() {
    this.isStopped = true;
  }

  getSettings() {
    return {};
  }

  /** @param {any} wished */
  async applyConstraints(wished) {
    this.height = wished.height.ideal;
  }

  /** Those that are open. @returns {string[]} */
  static get open() {
    return FakeTrack.all.filter((track) => !track.isStopped).map(({ kind }) => kind).sort();
  }
}

/** A connection that sends. */
class FakePeer {
  /** @type {FakePeer[]} */ static all = [];
  connectionState = "new";
  localDescription = { sdp: "v=0" };
  /** @type {{mid: string, sender: any}[]} */ lines = [];
  isClosed = false;

  constructor() {
    FakePeer.all.push(this);
  }

  /** @param {any} first @param {any} options */
  addTransceiver(first, { sendEncodings }) {
    const encodings = structuredClone(sendEncodings);
    const sender = {
      track: typeof first === "string" ? null : first,
      encodings,
      replaceTrack: async (/** @type {any} */ track) => void (sender.track = track),
      getParameters: () => ({ encodings }),
      setParameters: async (/** @type {any} */ parameters) => void (sender.encodings = parameters.encodings),
    };
    const line = { mid: String(this.lines.length), sender };
    this.lines.push(line);
    return line;
  }

  async setLocalDescription() {}
  async setRemoteDescription() {}
  close() {
    this.isClosed = true;
  }
}

const LINES = ["microphone", "camera", "screen", "screen_audio"];
const media = {
  addEventListener() {},
  getUserMedia: async (/** @type {any} */ wished) => stream(Object.keys(wished)),
  getDisplayMedia: async () => stream(["video", "audio"]),
};
Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: media }, configurable: true });
Object.assign(globalThis, { RTCPeerConnection: FakePeer, localStorage: { getItem: () => null, setItem() {} } });

/** @param {string[]} kinds */
function stream(kinds) {
  const tracks = kinds.map((kind) => new FakeTrack(kind));
  return { getTracks: () => tracks, getVideoTracks: () => tracks.filter(({ kind }) => kind === "video") };
}

const { Sending } = await import("../../../../static/js/room/floor/sending.js");
const { Devices } = await import("../../../../static/js/room/devices.js");
const { Publication } = await import("../../../../static/js/room/publication.js");
const { initialState, Store } = await import("../../../../static/js/room/state.js");

/** A page in a live lesson, whose requests are answered at once. */
function page() {
  const lesson = { phase: "live", title: "", course: "", starts_at: "", ends_at: "" };
  const start = { ...initialState({ client: "page", role: "student" }), myId: "me", lesson, line: "open" };
  const store = new Store(/** @type {any} */ (start));
  /** @type {[string, any][]} */ const asked = [];
  const answers = { refusal: /** @type {Error | null} */ (null) };
  const session = {
    isOpen: true,
    request: async (/** @type {string} */ type, /** @type {any} */ body = {}) => {
      asked.push([type, body]);
      if (answers.refusal && type !== "media.publish") throw answers.refusal;
      return { epoch: "e", sdp: "v=0" };
    },
  };
  const publication = new Publication(/** @type {any} */ (session));
  const parts = /** @type {any} */ ({ session, store, publication, devices: new Devices() });
  const sending = new Sending(parts, () => {});
  const turns = (/** @type {any[]} */ ...given) =>
    store.patch({ floor: { ...store.state.floor, turns: given.map((one) => ({ ...TURN, ...one })) } });
  return { store, session, asked, answers, publication, sending, turns };
}

const TURN = {
  person: "me",
  name: "Me",
  kind: /** @type {"floor"} */ ("floor"),
  place: 1,
  sources: ["microphone"],
  is_accepted: true,
  is_muted: false,
  seconds: null,
  until: null,
  client: "page",
};

/** What the newest connection sends. @returns {string[]} */
function sent() {
  const lines = FakePeer.all.at(-1)?.lines ?? [];
  return LINES.filter((_source, index) => lines[index]?.sender.track?.enabled);
}

/** Lets everything happen that is under way. */
async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

beforeEach(() => {
  FakeTrack.all = [];
  FakePeer.all = [];
});

test("a place that was taken is sent from, and nothing is left open at its end", async () => {
  const { sending, asked, turns, publication } = page();
  await sending.accept("floor", ["microphone", "camera"]);
  assert.deepEqual(asked.at(-1), ["floor.accept", { kind: "floor", sources: ["microphone", "camera"] }]);
  turns({ sources: ["microphone", "camera"] });
  await settle();
  assert.deepEqual(sent(), ["microphone", "camera"]);
  turns();
  assert.deepEqual(FakeTrack.open, []);
  assert.ok(FakePeer.all.every(({ isClosed }) => isClosed));
  publication.close();
});

test("a place that can't be had opens no connection and leaves no device open", async () => {
  const { sending, answers } = page();
  answers.refusal = new Error("over");
  await assert.rejects(sending.accept("floor", ["microphone"]));
  assert.deepEqual(FakeTrack.open, []);
  assert.equal(FakePeer.all.length, 0);
});

test("who is muted by a teacher sends no sound, and asks before they do again", async () => {
  const { sending, asked, turns, publication } = page();
  await sending.accept("floor", ["microphone"]);
  turns({});
  await settle();
  turns({ is_muted: true, sources: [] });
  await settle();
  assert.deepEqual(sent(), []);
  await sending.toggle("microphone");
  assert.deepEqual(asked.slice(-2).map(([type]) => type), ["floor.unmute", "floor.set_sources"]);
  assert.deepEqual(asked.at(-1)?.[1].sources, ["microphone"]);
  publication.close();
});

test("a camera in the gallery alone is small, and large while it is on the floor", async () => {
  const { sending, turns, publication } = page();
  await sending.toggleGallery();
  const gallery = { kind: "gallery", sources: ["camera"] };
  turns(gallery);
  await settle();
  const camera = () => FakePeer.all.at(-1)?.lines[1].sender;
  assert.equal(FakeTrack.all[0].height, 180);
  assert.deepEqual(camera().encodings.map((/** @type {any} */ { active }) => active), [true, false, false]);
  assert.equal(camera().encodings[0].maxBitrate, 100_000);
  await sending.accept("floor", ["microphone", "camera"]);
  turns(gallery, { sources: ["microphone", "camera"] });
  await settle();
  assert.equal(FakeTrack.all[0].height, 720);
  assert.equal(camera().encodings[2].active, true);
  turns(gallery);
  await settle();
  assert.equal(FakeTrack.all[0].height, 180);
  assert.deepEqual(FakeTrack.open, ["video"]);
  assert.deepEqual(sent(), ["camera"]);
  publication.close();
});

test("a page that was loaded anew opens what was on, and shares no screen again by itself", async () => {
  const { asked, turns, publication } = page();
  turns({ sources: ["camera"] }, { kind: "screen", sources: ["screen"] });
  await settle();
  assert.deepEqual(sent(), ["camera"]);
  assert.deepEqual(asked.filter(([type]) => type === "floor.decline").map(([, body]) => body), [{ kind: "screen" }]);
  publication.close();
});

test("what the room may not have heard while the line was broken is said again", async () => {
  const { sending, asked, turns, store, publication } = page();
  await sending.accept("floor", ["microphone"]);
  turns({ sources: [] });
  await settle();
  const before = asked.length;
  store.patch({ line: "broken" });
  store.patch({ line: "open" });
  await settle();
  assert.deepEqual(asked.slice(before), [["floor.set_sources", { kind: "floor", sources: ["microphone"] }]]);
  publication.close();
});

test("a cable that is pulled out is told", async () => {
  const { sending, asked, turns, publication } = page();
  await sending.accept("floor", ["microphone", "camera"]);
  turns({ sources: ["microphone", "camera"] });
  await settle();
  FakeTrack.all.find(({ kind }) => kind === "video")?.onended?.();
  await settle();
  assert.deepEqual(asked.at(-1), ["floor.set_sources", { kind: "floor", sources: ["microphone"] }]);
  publication.close();
});
