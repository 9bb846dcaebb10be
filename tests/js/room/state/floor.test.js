/** What a page makes of raised hands and of places beside the stage. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { expectedSlots, initialState, layerLimits, NO_LAYER, reduce, wantsSubscription } from "../../../../static/js/room/state.js";
import {
  guestScreen,
  mine,
  offer,
  othersTurns,
  placeInQueue,
  secondsLeft,
  sendingTurns,
  slotOf,
  speakers,
  speakingTurn,
  waitsOutside,
} from "../../../../static/js/room/state/floor.js";
import { layout } from "../../../../static/js/room/state/layout.js";

const ME = "me";
const OTHER = "other";

/** @param {object} [fields] @returns {any} */
function turn(fields = {}) {
  const usual = { person: OTHER, name: "Other", kind: "floor", place: 1, sources: ["microphone"], client: "page-of-other" };
  return { ...usual, is_accepted: true, is_muted: false, seconds: null, until: null, ...fields };
}

/** @param {string} id @returns {any} */
function hand(id) {
  return { id, name: id, word: "", since: "2026-11-21T09:00:00+00:00" };
}

/**
 * The state of my page in a live lesson.
 * @param {any[]} turns
 * @param {{role?: string, hands?: any[], room?: object, phase?: string}} [more]
 */
function state(turns, { role = "student", hands = [], room = {}, phase = "live" } = {}) {
  const start = { ...initialState({ client: "page", role }), joined: true };
  const body = {
    seq: 1,
    lesson: { id: "l", title: "", course: "", phase, starts_at: "", ends_at: "" },
    me: { id: ME, name: "Me", role, client: "page", can: role === "student" ? [] : ["publish"], is_admitted: true },
    people: [],
    stage: { holder: { id: "t", name: "Teacher" }, client: "hers", sources: ["camera"] },
    media: { state: "ready", epoch: "e" },
    room,
    floor: { now: new Date().toISOString(), hands, turns },
  };
  return { ...start, ...reduce(start, { type: "room.snapshot", body }) };
}

describe("my own place", () => {
  test("is offered until this page has taken it", () => {
    const offered = turn({ person: ME, is_accepted: false, client: "" });
    assert.equal(offer(state([offered]))?.kind, "floor");
    assert.equal(offer(state([turn({ person: ME, client: "page" })])), undefined);
    assert.equal(offer(state([turn({ person: ME, client: "another-page" })]))?.kind, "floor");
    assert.equal(offer(state([offered], { phase: "ended" })), undefined);
  });

  test("is sent from by the page alone that has taken it", () => {
    assert.equal(sendingTurns(state([turn({ person: ME, client: "page" })])).length, 1);
    assert.equal(sendingTurns(state([turn({ person: ME, client: "another-page" })])).length, 0);
    assert.equal(sendingTurns(state([turn({ person: ME, is_accepted: false, client: "" })])).length, 0);
    assert.equal(sendingTurns(state([turn({ client: "page" })])).length, 0);
  });

  test("is one to speak from on the floor and in the round, and not while I hold the stage", () => {
    const own = turn({ person: ME, client: "page" });
    assert.equal(speakingTurn(state([own]))?.kind, "floor");
    assert.equal(speakingTurn(state([{ ...own, kind: "seat" }]))?.kind, "seat");
    assert.equal(speakingTurn(state([{ ...own, kind: "screen" }])), undefined);
    const onStage = { ...state([own]), stage: { holder: { id: ME, name: "Me" }, client: "page", sources: [] } };
    assert.equal(speakingTurn(onStage), undefined);
    assert.deepEqual(sendingTurns(onStage), []);
  });

  test("has its number in the queue", () => {
    assert.equal(placeInQueue(state([], { hands: [hand(OTHER), hand(ME)] })), 2);
    assert.equal(placeInQueue(state([], { hands: [hand(OTHER)] })), 0);
  });

  test("ends by the web tier's clock", () => {
    const now = Date.parse("2026-11-21T09:00:00Z");
    const until = turn({ until: "2026-11-21T09:01:00Z" });
    assert.equal(secondsLeft(until, now), 60);
    assert.equal(secondsLeft(until, now + 90_000), 0);
    assert.equal(secondsLeft(turn(), now), null);
  });
});

describe("others' places", () => {
  test("are in the order of their numbers, and mine is not among them", () => {
    const turns = [turn({ person: "b", place: 3 }), turn({ person: ME, place: 2 }), turn({ person: "a", place: 1 })];
    assert.deepEqual(speakers(state(turns)).map(({ person }) => person), ["a", "b"]);
  });

  test("on the floor are seen once they are taken, in a seminar from the start", () => {
    assert.equal(speakers(state([turn({ is_accepted: false })])).length, 0);
    assert.equal(speakers(state([turn({ kind: "seat", is_accepted: false })])).length, 1);
  });

  test("for the teachers are seen by them alone", () => {
    const turns = [turn({ kind: "gallery", sources: ["camera"] }), turn({ kind: "staff_screen", sources: ["screen"] })];
    assert.equal(othersTurns(state(turns)).length, 0);
    assert.equal(othersTurns(state(turns, { role: "teacher" })).length, 2);
    assert.equal(guestScreen(state(turns)), undefined);
    assert.equal(guestScreen(state(turns, { role: "assistant" }))?.kind, "staff_screen");
  });

  test("open their surface, and a shared screen that of screens", () => {
    assert.deepEqual(layout(state([turn()])).strip, ["floor"]);
    assert.equal(layout(state([turn({ kind: "screen", sources: ["screen"] })])).main, "screen");
    assert.equal(layout(state([turn({ person: ME, kind: "screen", sources: ["screen"] })])).main, "camera");
    const unsupervised = { room: { is_supervised: false } };
    assert.equal(layout(state([turn({ kind: "screen", sources: ["screen"] })], unsupervised)).main, "camera");
  });

  test("have the names of the relay's slots", () => {
    assert.equal(slotOf(turn({ place: 3 }), "microphone"), "floor-3-microphone");
    assert.equal(slotOf(turn({ kind: "seat", place: 15 }), "camera"), "seat-15-camera");
    assert.equal(slotOf(turn({ kind: "screen" }), "screen_audio"), "floor-screen-audio");
    assert.equal(slotOf(turn({ kind: "staff_screen" }), "screen"), "staff-screen");
  });
});

describe("media", () => {
  test("of students may stop without this page being at fault", () => {
    assert.deepEqual(expectedSlots(state([turn()])), ["teacher-camera"]);
  });

  test("of a tile out of sight is not asked for", () => {
    const fits = { "gallery-7-camera": NO_LAYER, "gallery-8-camera": 0 };
    assert.deepEqual(layerLimits({ ...state([]), fits }), fits);
    assert.equal(layerLimits({ ...state([]), fits, isAway: true })["gallery-8-camera"], NO_LAYER);
  });

  test("of office hours is for the one whose turn it is", () => {
    const room = { format: "office_hours" };
    assert.ok(waitsOutside(state([turn()], { room })));
    assert.ok(!wantsSubscription(state([turn()], { room })));
    const inside = state([turn({ person: ME, is_accepted: false, client: "" })], { room });
    assert.ok(wantsSubscription(inside));
    assert.equal(mine(inside, "floor")?.place, 1);
    assert.ok(wantsSubscription(state([], { room, role: "assistant" })));
  });
});

test("what is told of the floor replaces what was known", () => {
  const before = state([turn()], { hands: [hand(OTHER)] });
  const now = "2026-11-21T09:00:00+00:00";
  const after = { ...before, ...reduce(before, { type: "floor.changed", body: { now, hands: [], turns: [] } }) };
  assert.deepEqual([after.floor.hands, after.floor.turns], [[], []]);
  const told = reduce(after, { type: "floor.not_spoken", body: { people: [OTHER] } });
  assert.deepEqual(told.floor?.notSpoken, [OTHER]);
});
