import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  connectionState,
  expectedSlots,
  initialState,
  isOnStage,
  layerLimits,
  NO_LAYER,
  pause,
  reduce,
  Store,
  view,
  wantsSubscription,
} from "../../../static/js/room/state.js";

/** @typedef {import("../../../static/js/room/state.js").RoomState} RoomState */

const TEACHER = { id: "t", name: "Ada", role: "teacher" };
const STUDENT = { id: "s", name: "Bo", role: "student" };
const CAMERA = "teacher-camera";
const SCREEN = "teacher-screen";
const SOUND = "teacher-microphone";

/** A snapshot's body as the room protocol has it. */
function snapshotBody({ me = STUDENT, phase = "live", stage = {}, people = [TEACHER, STUDENT] } = {}) {
  return {
    seq: 7,
    lesson: { id: "l", title: "Sets", course: "Maths", phase, starts_at: "", ends_at: "" },
    me: { ...me, client: "page", can: me.role === "student" ? [] : ["publish"], is_admitted: true },
    people,
    stage: { holder: TEACHER, client: "her-page", sources: ["microphone", "camera"], ...stage },
    media: { state: "ready", epoch: "e1" },
  };
}

/**
 * The state of a page that has heard a snapshot.
 * @param {Parameters<typeof snapshotBody>[0]} [told]
 * @param {Partial<RoomState>} [change]
 * @returns {RoomState}
 */
function state(told = {}, change = {}) {
  const start = initialState({ client: "page", role: told.me?.role ?? "student" });
  const heard = reduce(start, { type: "room.snapshot", body: snapshotBody(told) });
  return { ...start, line: "open", ...heard, ...change };
}

/** The state of the page that broadcasts. @param {Partial<RoomState>} [change] */
function onStage(change = {}) {
  return state({ me: TEACHER, stage: { client: "page" } }, change);
}

describe("reduce", () => {
  test("a snapshot says who I am, who is here and what goes on", () => {
    const { myId, role, mayPublish, people, stage, lesson, media } = state({ me: TEACHER });
    assert.deepEqual({ myId, role, mayPublish }, { myId: "t", role: "teacher", mayPublish: true });
    assert.deepEqual(people, [TEACHER, STUDENT]);
    assert.equal(stage.client, "her-page");
    assert.equal(lesson?.phase, "live");
    assert.deepEqual(media, { state: "ready", epoch: "e1" });
  });

  test("the rights follow the snapshot, not the page that was loaded", () => {
    const start = initialState({ client: "page", role: "teacher" });
    assert.ok(start.mayPublish);
    assert.equal(reduce(start, { type: "room.snapshot", body: snapshotBody() }).mayPublish, false);
  });

  test("who joins twice is there once, and who leaves is gone", () => {
    const now = state();
    const again = { ...STUDENT, name: "Bo B." };
    const change = { joined: [again, { id: "x", name: "Cy", role: "student" }], left: ["t"] };
    const { people } = reduce(now, { type: "roster.changed", body: change });
    assert.deepEqual(people?.map(({ id, name }) => [id, name]), [["s", "Bo B."], ["x", "Cy"]]);
  });

  test("an event that is applied twice changes nothing more", () => {
    const events = [
      { type: "roster.changed", body: { joined: [{ id: "x", name: "Cy", role: "student" }], left: ["t"] } },
      { type: "lesson.changed", body: { phase: "ended" } },
      { type: "stage.changed", body: { holder: null, client: "", sources: [] } },
      { type: "media.changed", body: { state: "lost" } },
    ];
    for (const event of events) {
      const once = { ...state(), ...reduce(state(), event) };
      assert.deepEqual({ ...once, ...reduce(once, event) }, once, event.type);
    }
  });

  test("a change of the media's state keeps the epoch that was known", () => {
    assert.deepEqual(reduce(state(), { type: "media.changed", body: { state: "lost" } }), {
      media: { state: "lost", epoch: "e1" },
    });
  });

  test("a stage that names less than all is empty in the rest", () => {
    const { stage } = reduce(state(), { type: "stage.changed", body: { holder: null } });
    assert.deepEqual(stage, { holder: null, client: "", sources: [] });
  });

  test("a lesson's change before the first snapshot, and what is unknown, change nothing", () => {
    const start = initialState({ client: "page", role: "student" });
    assert.deepEqual(reduce(start, { type: "lesson.changed", body: { phase: "live" } }), {});
    assert.deepEqual(reduce(start, { type: "of.tomorrow", body: {} }), {});
  });
});

describe("the stage", () => {
  test("is mine only as this page, as this person, in a live lesson", () => {
    assert.ok(isOnStage(onStage()));
    assert.ok(!isOnStage(state({ me: TEACHER })), "another page of mine");
    assert.ok(!isOnStage(onStage({ myId: "other" })));
    assert.ok(!isOnStage(state({ me: TEACHER, phase: "ended", stage: { client: "page" } })));
    assert.ok(!isOnStage(onStage({ failure: "elsewhere" })));
  });

  test("students subscribe from the start, those who may publish when they have asked to watch", () => {
    assert.ok(wantsSubscription(state()));
    assert.ok(wantsSubscription(state({ phase: "lobby" })));
    assert.ok(!wantsSubscription(state({ me: TEACHER })));
    assert.ok(wantsSubscription(state({ me: TEACHER }, { joined: true })));
  });

  test("whoever is on the stage hears the class, and of their own slots nothing is expected", () => {
    assert.ok(wantsSubscription(onStage()));
    assert.deepEqual(expectedSlots(onStage()), []);
    assert.ok(!wantsSubscription(state({ me: TEACHER, stage: { client: "another" } })));
  });

  test("nobody subscribes after the end, or when the page has given up", () => {
    assert.ok(!wantsSubscription(state({ phase: "ended" })));
    assert.ok(!wantsSubscription(state({}, { failure: "not_allowed" })));
    assert.ok(!wantsSubscription(initialState({ client: "page", role: "student" })));
  });
});

describe("slots", () => {
  test("carry what the stage says while the lesson is live", () => {
    assert.deepEqual(expectedSlots(state()), [SOUND, CAMERA]);
    assert.deepEqual(expectedSlots(state({ phase: "lobby" })), []);
    assert.deepEqual(expectedSlots(state({ stage: { holder: null } })), []);
  });

  test("that I fill myself carry nothing to any page of mine: the relay sends nobody their own", () => {
    const onAnotherPage = state({ me: TEACHER, stage: { holder: TEACHER, client: "my-other-page" } }, { joined: true });
    assert.ok(wantsSubscription(onAnotherPage));
    assert.deepEqual(expectedSlots(onAnotherPage), []);
  });

  test("of pictures carry nothing while nobody looks, while sound goes on", () => {
    assert.deepEqual(expectedSlots(state({}, { isAway: true })), [SOUND]);
  });

  test("that pause carry nothing", () => {
    assert.deepEqual(expectedSlots(state({}, { choice: "sound" })), [SOUND]);
    const link = { layers: { [CAMERA]: NO_LAYER }, limited: "link" };
    assert.deepEqual(expectedSlots(state({}, { link })), [SOUND]);
  });

  test("pause for a reason that is told", () => {
    const slow = { layers: { [CAMERA]: NO_LAYER }, limited: "link" };
    assert.equal(pause(state(), CAMERA), "");
    assert.equal(pause(state({}, { link: slow }), CAMERA), "link");
    assert.equal(pause(state({}, { link: { ...slow, limited: "choice" } }), CAMERA), "");
    assert.equal(pause(state({}, { choice: "sound", link: slow }), CAMERA), "choice");
    assert.equal(pause(state({}, { choice: "sound", link: slow }), SOUND), "");
  });
});

describe("layer limits", () => {
  test("name no slot that has none", () => {
    assert.deepEqual(layerLimits(state()), {});
  });

  test("are the lower of what the person chose and what the tile has use for", () => {
    const limits = (/** @type {Partial<RoomState>} */ change) => layerLimits(state({}, change));
    assert.deepEqual(limits({ choice: "medium" }), { [CAMERA]: 1, [SCREEN]: 1 });
    assert.deepEqual(limits({ choice: "medium", fits: { [CAMERA]: 0 } }), { [CAMERA]: 0, [SCREEN]: 1 });
    assert.deepEqual(limits({ choice: "low", fits: { [CAMERA]: 1 } }), { [CAMERA]: 0, [SCREEN]: 0 });
    assert.deepEqual(limits({ fits: { [CAMERA]: 1, [SCREEN]: 2 } }), { [CAMERA]: 1 });
  });

  test("take every picture away where sound alone was chosen or nobody looks", () => {
    const none = { [CAMERA]: NO_LAYER, [SCREEN]: NO_LAYER };
    assert.deepEqual(layerLimits(state({}, { choice: "sound" })), none);
    assert.deepEqual(layerLimits(state({}, { isAway: true })), none);
  });
});

describe("the connection's word", () => {
  test("is connecting until line and media have been good together", () => {
    assert.equal(connectionState(initialState({ client: "page", role: "student" })), "connecting");
    assert.equal(connectionState(state({}, { wasOpen: true })), "connecting");
    assert.equal(connectionState(state({}, { subscription: "connected" })), "connected");
  });

  test("is reconnecting after that, whether line or media is gone", () => {
    const good = { wasOpen: true, wasConnected: true };
    assert.equal(connectionState(state({}, { ...good, subscription: "stalled" })), "reconnecting");
    const broken = { ...good, line: /** @type {const} */ ("broken"), subscription: /** @type {const} */ ("connected") };
    assert.equal(connectionState(state({}, broken)), "reconnecting");
  });

  test("waits for no media that the page does not want", () => {
    assert.equal(connectionState(state({ me: TEACHER })), "connected");
    assert.equal(connectionState(onStage()), "connecting");
    assert.equal(connectionState(onStage({ publication: "connected" })), "connected");
  });

  test("is final where the page has given up or the lesson is over", () => {
    assert.equal(connectionState(state({}, { failure: "elsewhere", line: "broken" })), "failed");
    assert.equal(connectionState(state({ phase: "ended" })), "ended");
  });
});

describe("the view", () => {
  test("of a student follows Join and the lesson", () => {
    assert.equal(view(state()), "door");
    assert.equal(view(state({ phase: "lobby" }, { joined: true })), "waiting");
    assert.equal(view(state({}, { joined: true })), "watching");
    assert.equal(view(state({ phase: "ended" }, { joined: true })), "ended");
  });

  test("of who may publish is the preview, unless they are on the stage or watch another", () => {
    assert.equal(view(state({ me: TEACHER })), "preview");
    assert.equal(view(state({ me: TEACHER }, { joined: true })), "watching");
    assert.equal(view(state({ me: TEACHER, phase: "ended" }, { joined: true })), "preview");
    assert.equal(view(onStage({ joined: true })), "onstage");
  });

  test("of a page that has given up says so before all else", () => {
    assert.equal(view(onStage({ failure: "signed_out" })), "failed");
  });
});

describe("the store", () => {
  test("tells a listener at once, and then of each change together with what was before", () => {
    const store = new Store(state());
    /** @type {[string, string][]} */ const told = [];
    store.watch((now, before) => told.push([now.choice, before.choice]));
    store.patch({ choice: "low" });
    assert.deepEqual(told, [["automatic", "automatic"], ["low", "automatic"]]);
  });

  test("remembers that line and media were once good", () => {
    const store = new Store(initialState({ client: "page", role: "student" }));
    assert.ok(!store.state.wasOpen);
    store.patch({ ...state(), subscription: "connected" });
    store.patch({ line: "broken" });
    assert.ok(store.state.wasOpen && store.state.wasConnected);
  });

  test("takes going live for a first connection, not for a way back", () => {
    const store = new Store(state({ me: TEACHER }));
    store.patch({ line: "open" });
    assert.ok(store.state.wasConnected);
    store.patch({ stage: { holder: TEACHER, client: "page", sources: [] }, publication: "connecting" });
    assert.equal(connectionState(store.state), "connecting");
  });
});
