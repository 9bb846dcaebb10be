import assert from "node:assert/strict";
import { test } from "node:test";

const entries = [
  ["one_here", "One person is here."],
  ["many_here", "{count} people are here, {count} in all, {unknown}."],
].map(([key, textContent]) => ({ textContent, getAttribute: () => key }));
globalThis.document = /** @type {any} */ ({
  getElementById: () => ({ content: { querySelectorAll: () => entries } }),
  querySelectorAll: () => [{ content: { querySelectorAll: () => entries } }],
});
const { text } = await import("../../../static/js/lib/texts.js");

test("a sentence is found by its key", () => {
  assert.equal(text("one_here"), "One person is here.");
});

test("values stand wherever they are named, and what has none stays", () => {
  assert.equal(text("many_here", { count: 3 }), "3 people are here, 3 in all, {unknown}.");
});

test("a value is put in as it is, whatever it contains", () => {
  assert.match(text("many_here", { count: "$& <b>{count}</b>" }), /^\$& <b>\{count\}<\/b> people/);
});

test("a key without a sentence is shown itself, so that the gap is seen", () => {
  assert.equal(text("not_there"), "not_there");
});
