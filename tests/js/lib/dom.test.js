import assert from "node:assert/strict";
import { test } from "node:test";

import { initials, setText, whileBusy } from "../../../static/js/lib/dom.js";

test("initials are the first of the first and of the last word", () => {
  const names = ["Ada Lovelace", "  Jean-Luc  de la  Fontaine ", "Plato", "", "Élodie Ångström", "李 小龍", "🦊 fox"];
  assert.deepEqual(names.map(initials), ["AL", "JF", "P", "", "ÉÅ", "李小", "🦊F"]);
});

test("a text is only set where it differs, so that a live region does not speak twice", () => {
  let writes = 0;
  const element = /** @type {any} */ ({
    value: "",
    get textContent() {
      return this.value;
    },
    set textContent(value) {
      writes += 1;
      this.value = value;
    },
  });
  for (const value of ["one", "one", "two"]) setText(element, value);
  assert.equal(element.value, "two");
  assert.equal(writes, 2);
});

/** A button as far as `whileBusy` knows one. */
function button() {
  const attributes = new Map();
  return /** @type {any} */ ({
    getAttribute: (/** @type {string} */ name) => attributes.get(name) ?? null,
    setAttribute: (/** @type {string} */ name, /** @type {string} */ value) => attributes.set(name, value),
    removeAttribute: (/** @type {string} */ name) => attributes.delete(name),
  });
}

test("a second press while the work goes on does nothing", async () => {
  const pressed = button();
  let works = 0;
  let finish = () => {};
  const work = () => {
    works += 1;
    return new Promise((resolve) => (finish = () => resolve(null)));
  };
  const first = whileBusy(pressed, work);
  await whileBusy(pressed, work);
  assert.equal(works, 1);
  assert.equal(pressed.getAttribute("aria-busy"), "true");
  finish();
  await first;
  assert.equal(pressed.getAttribute("aria-busy"), null);
});

test("work that fails leaves the button ready for another press", async () => {
  const pressed = button();
  await assert.rejects(whileBusy(pressed, () => Promise.reject(new Error("no"))), /no/);
  assert.equal(pressed.getAttribute("aria-busy"), null);
});
