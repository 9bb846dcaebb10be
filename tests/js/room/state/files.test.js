import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  initialFiles,
  isPlayable,
  isShowable,
  readableSize,
  reduceFiles,
  sections,
} from "../../../../static/js/room/state/files.js";

/** @typedef {import("../../../../static/js/room/state/files.js").Material} Material */

/** @param {Partial<Material>} [change] @returns {Material} */
function material(change = {}) {
  const base = { id: "m", name: "Optics.pdf", kind: "document", state: "ready", reason: "", size: 9000, pages: 3 };
  return { ...base, seconds: 0, of_course: false, owner: null, at: "", ...change };
}

describe("reduceFiles", () => {
  test("before the list is loaded nothing is put together from events", () => {
    assert.equal(reduceFiles(initialFiles, { type: "files.changed", body: material() }), initialFiles);
  });

  test("an event adds, replaces and takes away, and may be heard twice", () => {
    const loaded = { ...initialFiles, materials: [material()] };
    const two = reduceFiles(loaded, { type: "files.changed", body: material({ id: "n" }) });
    assert.deepEqual(two.materials?.map(({ id }) => id), ["m", "n"]);
    const changed = reduceFiles(two, { type: "files.changed", body: material({ name: "Waves.pdf" }) });
    assert.deepEqual(changed.materials?.map(({ name }) => name), ["Waves.pdf", "Optics.pdf"]);
    const gone = { type: "files.gone", body: { id: "m" } };
    const one = reduceFiles(changed, gone);
    assert.deepEqual(reduceFiles(one, gone).materials?.map(({ id }) => id), ["n"]);
  });

  test("an earlier lesson is offered until this one has something of its own", () => {
    const earlier = { lesson: "l", title: "Lenses", starts_at: "" };
    const offered = reduceFiles(initialFiles, { type: "room.snapshot", body: { earlier } });
    assert.equal(offered.earlier, earlier);
    assert.equal(reduceFiles(offered, { type: "slides.changed", body: {} }).earlier, null);
    assert.equal(reduceFiles(offered, { type: "board.changed", body: {} }).earlier, null);
  });
});

describe("what is made of materials", () => {
  test("they lie where they belong, without what is still on its way", () => {
    const materials = [
      material({ id: "a" }),
      material({ id: "b", of_course: true }),
      material({ id: "c", kind: "handed_in" }),
      material({ id: "d", state: "uploading" }),
    ];
    const { lesson, course, handedIn } = sections({ ...initialFiles, materials });
    assert.deepEqual([lesson, course, handedIn].map((part) => part.map(({ id }) => id)), [["a"], ["b"], ["c"]]);
    assert.deepEqual(sections(initialFiles), { lesson: [], course: [], handedIn: [] });
  });

  test("only what is ready is shown or played", () => {
    assert.deepEqual([isShowable(material()), isShowable(material({ state: "checking" }))], [true, false]);
    assert.equal(isShowable(material({ pages: 0 })), false);
    assert.deepEqual([isPlayable(material({ kind: "video" })), isPlayable(material())], [true, false]);
  });

  test("a size is told in the unit that suits it", () => {
    assert.deepEqual(readableSize(10), { amount: "1", unit: "kb" });
    assert.deepEqual(readableSize(999_400), { amount: "999", unit: "kb" });
    assert.deepEqual(readableSize(1_260_000), { amount: "1.3", unit: "mb" });
    assert.deepEqual(readableSize(123_456_789), { amount: "123", unit: "mb" });
  });
});
