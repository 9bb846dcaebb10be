import assert from "node:assert/strict";
import { test } from "node:test";

import { Emitter } from "../../../static/js/lib/emitter.js";

test("listeners hear events of their name, with the detail", () => {
  const emitter = new Emitter();
  /** @type {unknown[]} */ const heard = [];
  emitter.on("status", (detail) => heard.push(detail));
  emitter.emit("status", "open");
  emitter.emit("message", "other");
  assert.deepEqual(heard, ["open"]);
});

test("a listener that has ended hears nothing more", () => {
  const emitter = new Emitter();
  let count = 0;
  const end = emitter.on("status", () => count++);
  emitter.emit("status");
  end();
  emitter.emit("status");
  assert.equal(count, 1);
});

test("a listener that throws does not keep the others from hearing", (t) => {
  const complaints = t.mock.method(console, "error", () => {});
  const emitter = new Emitter();
  let heard = false;
  emitter.on("status", () => {
    throw new Error("broken");
  });
  emitter.on("status", () => (heard = true));
  emitter.emit("status");
  assert.ok(heard);
  assert.equal(complaints.mock.callCount(), 1);
});

test("who ends while an event is told does not take it from the others", () => {
  const emitter = new Emitter();
  /** @type {string[]} */ const heard = [];
  const end = emitter.on("status", () => {
    heard.push("first");
    end();
  });
  emitter.on("status", () => heard.push("second"));
  emitter.emit("status");
  emitter.emit("status");
  assert.deepEqual(heard, ["first", "second", "second"]);
});
