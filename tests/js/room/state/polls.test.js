import assert from "node:assert/strict";
import { test } from "node:test";

import { lastMinutes, reduceMoods, initialMoods, SHOWN_MINUTES } from "../../../../static/js/room/state/moods.js";
import { cardKey, cardPoll, initialPolls, pressed, reducePolls, withAnswer } from "../../../../static/js/room/state/polls.js";
import { clock, crosses, reduceTimer, timeLeft } from "../../../../static/js/room/state/timer.js";

/** @param {Partial<import("../../../../static/js/room/state/polls.js").Poll>} [changes] */
function poll(changes) {
  return /** @type {import("../../../../static/js/room/state/polls.js").Poll} */ ({
    id: "a",
    kind: "choice",
    question: "Which?",
    options: ["This", "That"],
    is_anonymous: false,
    state: "open",
    is_shown: false,
    shown: null,
    ...changes,
  });
}

test("an event about a poll leaves one's own answer as it is", () => {
  const before = withAnswer([poll()], "a", [1]);
  const now = reducePolls(before, { type: "polls.changed", body: { poll: poll({ state: "closed" }) } });
  assert.deepEqual(now[0].mine, [1]);
  assert.equal(now[0].state, "closed");
});

test("a poll that is new comes last, and one that is deleted is gone", () => {
  const polls = reducePolls([poll()], { type: "polls.changed", body: { poll: poll({ id: "b" }) } });
  assert.deepEqual(polls.map(({ id }) => id), ["a", "b"]);
  assert.deepEqual(reducePolls(polls, { type: "polls.deleted", body: { poll: "a" } }).map(({ id }) => id), ["b"]);
});

test("a message about something else gives back the very part", () => {
  const polls = [poll()];
  assert.equal(reducePolls(polls, { type: "roster.changed", body: {} }), polls);
  assert.equal(reducePolls(polls, { type: "room.snapshot", body: {} }), initialPolls);
});

test("an option pressed stands alone unless several may be chosen", () => {
  assert.deepEqual(pressed(poll(), [0], 1), [1]);
  assert.deepEqual(pressed(poll({ kind: "choices" }), [1], 0), [0, 1]);
  assert.deepEqual(pressed(poll({ kind: "choices" }), [0, 1], 0), [1]);
});

test("the card shows the open poll, then what was shown, until it is put away", () => {
  const closed = poll({ id: "b", state: "closed", is_shown: true });
  assert.equal(cardPoll([poll(), closed], new Set())?.id, "a");
  assert.equal(cardPoll([closed], new Set())?.id, "b");
  assert.equal(cardPoll([closed], new Set([cardKey(closed)])), undefined);
  assert.equal(cardPoll([poll({ state: "closed" })], new Set()), undefined);
});

test("minutes in which nobody pressed are zeros", () => {
  const now = Date.parse("2026-11-02T09:30:40Z");
  const minutes = [{ at: "2026-11-02T09:29:00+00:00", lost: 2, fast: 0, got_it: 1 }];
  const counts = lastMinutes(minutes, now);
  assert.equal(counts.length, SHOWN_MINUTES);
  assert.deepEqual(counts.at(-2), { lost: 2, fast: 0, got_it: 1 });
  assert.deepEqual(counts.at(-1), { lost: 0, fast: 0, got_it: 0 });
});

test("one's own press lasts as long as the web tier says", () => {
  const message = { type: "room.snapshot", body: { moods: { mine: "fast", lasts_ms: 4_000 } } };
  assert.deepEqual(reduceMoods(initialMoods, message, 1_000), { ...initialMoods, mine: "fast", until: 5_000 });
});

test("a timer counts down to 0 and not beyond", () => {
  const body = { timer: { label: "", seconds: 60, ends_at: "2026-11-02T09:30:30.500+00:00" } };
  const timer = reduceTimer(null, { type: "timer.changed", body });
  assert(timer);
  const start = Date.parse("2026-11-02T09:30:00Z");
  assert.deepEqual(timeLeft(timer, start), { seconds: 31, share: 30.5 / 60 });
  assert.deepEqual(timeLeft(timer, start + 40_000), { seconds: 0, share: 0 });
  assert.equal(reduceTimer(timer, { type: "timer.changed", body: { timer: null } }), null);
  assert.equal(reduceTimer(timer, { type: "room.changed", body: {} }), timer);
});

test("a timer's end is told once, by whoever saw it run", () => {
  assert.deepEqual([[5, 0], [1, 0], [1, 1], [0, 0], [-1, 0]].map(([before, after]) => crosses(0, before, after)), [true, true, false, false, false]);
});

test("a clock has hours only where they are needed", () => {
  assert.deepEqual([5, 65, 3_605].map(clock), ["0:05", "1:05", "1:00:05"]);
});
