import assert from "node:assert/strict";
import { test } from "node:test";

import { judge } from "../../../static/js/check/network.js";

test("sound that comes back in time and whole is well", () => {
  assert.deepEqual(judge({ packets: 250, loss: 0.002, rtt: 0.0204 }), { network: "ok", rtt_ms: 20, loss: 0.002 });
});

test("much loss or a long way is weak", () => {
  assert.equal(judge({ packets: 200, loss: 0.08, rtt: 0.02 }).network, "weak");
  assert.equal(judge({ packets: 250, loss: 0, rtt: 0.5 }).network, "weak");
});

test("a connection on which nothing comes back is blocked", () => {
  assert.deepEqual(judge({ packets: 3, loss: 0, rtt: null }), { network: "blocked", rtt_ms: null, loss: 1 });
});

test("an unknown round trip is no complaint", () => {
  assert.deepEqual(judge({ packets: 250, loss: 0, rtt: null }), { network: "ok", rtt_ms: null, loss: 0 });
});
