import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digest, Sheet } from "../../../../static/js/room/state/sheet.js";
import { SheetServer } from "../../support/sheet_server.js";

const LIMITS = { operations: 50, length: 40_000 };

/** @param {string} id @param {Partial<import("../../../../static/js/room/state/sheet.js").Element>} [more] */
function rect(id, more = {}) {
  return /** @type {any} */ ({ id, type: "rect", color: 0, size: 60, box: [0, 0, 9, 9], ...more });
}

/** @param {string} id */
function ink(id) {
  return /** @type {any} */ ({ id, type: "ink", color: 0, size: 60, pen: false, points: [[0, 0, 50]] });
}

/** A sheet that has loaded an empty one. */
function empty() {
  /** @type {(string[] | null)[]} */ const told = [];
  const sheet = new Sheet("page", (ids) => told.push(ids && [...ids]));
  sheet.load({ version: 0, elements: [] });
  told.length = 0;
  return { sheet, told };
}

describe("a sheet", () => {
  test("shows at once what is done here, and sends it", () => {
    const { sheet, told } = empty();
    sheet.perform({ do: "add", element: ink("ink1") });
    sheet.perform({ do: "append", id: "ink1", at: 1, points: [1, 1, 50] });
    assert.equal(sheet.shown.get("ink1")?.points?.length, 2);
    assert.deepEqual(told, [["ink1"], ["ink1"]]);
    assert.deepEqual(sheet.takeMessage(1, LIMITS)?.ops.map((/** @type {any} */ op) => op.do), ["add", "append"]);
    assert.equal(sheet.takeMessage(2, LIMITS), null);
  });

  test("takes its own messages when they come back, in the server's order", () => {
    const { sheet } = empty();
    sheet.perform({ do: "add", element: rect("mine") });
    sheet.takeMessage(1, LIMITS);
    const theirs = { by: "b", client: "other", n: 9, ops: [{ do: /** @type {const} */ ("add"), element: rect("theirs") }] };
    const mine = { by: "a", client: "page", n: 1, ops: [{ do: /** @type {const} */ ("add"), element: rect("mine") }] };
    assert.equal(sheet.hear({ from: 0, batches: [theirs, mine] }), "heard");
    assert.equal(sheet.pendingCount, 0);
    assert.deepEqual([...sheet.shown.values()].map(({ id, by, z }) => [id, by, z]).sort(), [
      ["mine", "a", 2],
      ["theirs", "b", 1],
    ]);
  });

  test("lies above what others do meanwhile, and yields where the server's word is another", () => {
    const { sheet } = empty();
    const set = (/** @type {number} */ color) => ({ do: /** @type {const} */ ("set"), changes: { theirs: { color } } });
    sheet.load({ version: 1, elements: [{ ...rect("theirs"), by: "b", z: 1 }] });
    sheet.perform(set(5));
    sheet.takeMessage(1, LIMITS);
    sheet.hear({ from: 1, batches: [{ by: "b", client: "other", n: 1, ops: [set(2)] }] });
    assert.equal(sheet.shown.get("theirs")?.color, 5);
    sheet.refuse(1);
    assert.equal(sheet.shown.get("theirs")?.color, 2);
  });

  test("forgets what has done nothing as soon as it has the version that the server named", () => {
    const { sheet } = empty();
    sheet.perform({ do: "remove", ids: ["gone"] });
    sheet.takeMessage(1, LIMITS);
    sheet.settle(1, 1);
    assert.equal(sheet.pendingCount, 1);
    sheet.hear({ from: 0, batches: [{ by: "b", client: "other", n: 1, ops: [{ do: "add", element: rect("one1") }] }] });
    assert.equal(sheet.pendingCount, 0);
  });

  test("says that something is missing, and that it has to be loaded", () => {
    const { sheet } = empty();
    assert.equal(sheet.hear({ from: 3, batches: [] }), "missing");
    assert.equal(sheet.hear({ from: 0, batches: [{ by: "t", client: "", n: 0, ops: [{ do: "reload" }] }] }), "reload");
    assert.equal(new Sheet("page", () => {}).hear({ from: 0, batches: [] }), "missing");
  });

  test("is emptied by a teacher, but for what is not confirmed", () => {
    const { sheet, told } = empty();
    sheet.load({ version: 1, elements: [{ ...rect("old1"), by: "b", z: 1 }] });
    sheet.perform({ do: "add", element: rect("new1") });
    told.length = 0;
    sheet.hear({ from: 1, batches: [{ by: "t", client: "", n: 0, ops: [{ do: "clear" }] }] });
    assert.deepEqual([...sheet.shown.keys()], ["new1"]);
    assert.deepEqual(told, [null]);
  });

  test("sends once more under the same number, by which what came the first time is known", () => {
    const { sheet } = empty();
    sheet.perform({ do: "add", element: rect("one1") });
    const first = sheet.takeMessage(1, LIMITS);
    sheet.perform({ do: "add", element: rect("two2") });
    sheet.sendAgain();
    assert.deepEqual(sheet.takeMessage(2, LIMITS), first);
    assert.deepEqual(sheet.takeMessage(3, LIMITS)?.ops.length, 1);
    sheet.hear({ from: 0, batches: [{ by: "a", client: "page", n: 1, ops: [{ do: "add", element: rect("one1") }] }] });
    assert.equal(sheet.pendingCount, 1);
  });

  test("puts only so much into one message", () => {
    const { sheet } = empty();
    for (let n = 0; n < 60; n++) sheet.perform({ do: "add", element: rect(`id-${n}`) });
    assert.equal(sheet.takeMessage(1, LIMITS)?.ops.length, 50);
    assert.equal(sheet.takeMessage(2, { operations: 50, length: 10 })?.ops.length, 1);
    assert.equal(sheet.takeMessage(3, LIMITS)?.ops.length, 9);
  });
});

describe("pages that draw at the same time", () => {
  const IDS = ["id-0", "id-1", "id-2", "id-3", "id-4", "id-5"];
  for (let seed = 1; seed <= 150; seed++) {
    test(`have the same elements in the end, whatever is lost (${seed})`, () => {
      const chance = randomness(seed);
      const server = new SheetServer();
      const pages = ["anna", "ben", "teacher"].map((by, index) => new Page(server, by, `page-${index}`, chance));
      for (let step = 0; step < 120; step++) {
        const page = chance.one(pages);
        chance.one([
          () => page.act(chance.one(IDS)),
          () => page.act(chance.one(IDS)),
          () => page.send(),
          () => page.hear(),
          () => page.hear(),
          () => chance.next() < 0.2 && page.breakLine(),
          () => chance.next() < 0.05 && server.clear("teacher"),
        ])();
      }
      for (const page of pages) page.finish();
      for (const page of pages) page.catchUp();
      const wanted = digest(server.elements.values());
      for (const page of pages) {
        assert.equal(page.sheet.pendingCount, 0);
        assert.equal(digest(page.sheet.shown.values()), wanted);
      }
    });
  }
});

/** A page with a line that breaks. */
class Page {
  #n = 0;
  /** What the server has told and the page has not heard. */ #heard = 0;
  /** @type {{n: number, version: number | null}[]} */ #replies = [];
  #isWaiting = false;

  /**
   * @param {SheetServer} server @param {string} by @param {string} client
   * @param {ReturnType<typeof randomness>} chance
   */
  constructor(server, by, client, chance) {
    this.server = server;
    this.by = by;
    this.chance = chance;
    this.sheet = new Sheet(client, () => {});
    this.sheet.load(/** @type {any} */ (server.content()));
  }

  /** Does something with the element of that id. @param {string} id */
  act(id) {
    const element = this.sheet.shown.get(id);
    if (!element) {
      const gone = this.server.removed.get(id)?.element;
      if (gone && this.chance.next() < 0.5) this.sheet.perform({ do: "restore", elements: [gone] });
      else this.sheet.perform({ do: "add", element: this.chance.one([rect, ink])(id) });
      return;
    }
    const at = element.points?.length ?? 0;
    const what = this.chance.next();
    if (at && what < 0.5) this.sheet.perform({ do: "append", id, at, points: [at, at, 50] });
    else if (what < 0.75) this.sheet.perform({ do: "set", changes: { [id]: { color: Math.floor(what * 100) % 8 } } });
    else this.sheet.perform({ do: "remove", ids: [id] });
  }

  /** Sends a message; half of what is lost has come all the same. */
  send() {
    if (this.#isWaiting) return;
    const taken = this.sheet.takeMessage(++this.#n, { operations: 3, length: 40_000 });
    if (!taken) return;
    const { n, ops } = taken;
    const isLost = this.chance.next() < 0.2;
    const hasCome = !isLost || this.chance.next() < 0.5;
    const message = { by: this.by, isStaff: this.by === "teacher", client: this.sheet.client, n, ops };
    const version = hasCome ? this.server.take(JSON.parse(JSON.stringify(message))) : null;
    if (isLost) return this.breakLine();
    this.#isWaiting = true;
    this.#replies.push({ n, version });
  }

  /** Hears the next of what was told, or a reply: they come by one line, yet in any order here. */
  hear() {
    const reply = this.chance.next() < 0.5 ? this.#replies.shift() : undefined;
    if (reply) return this.#settle(reply);
    const event = this.server.events[this.#heard];
    if (!event) return;
    this.#heard += 1;
    assert.equal(this.sheet.hear(/** @type {any} */ (event)), "heard");
  }

  /** Loses what is on its way, comes back, and loads what it has missed. */
  breakLine() {
    this.#replies = [];
    this.#isWaiting = false;
    const content = /** @type {any} */ (this.server.content(this.chance.next() < 0.5 ? this.sheet.version : undefined));
    // The server reads the version first: the elements may be newer.
    const lag = this.server.events.at(-1 - Math.floor(this.chance.next() * 3));
    if (content.elements) this.sheet.load({ ...content, version: lag?.from ?? content.version });
    else assert.equal(this.sheet.hear(content), "heard");
    // What was on its way comes all the same, once more.
    this.#heard = Math.max(0, this.server.events.length - 3 - Math.floor(this.chance.next() * 3));
    this.sheet.sendAgain();
  }

  /** Sends and hears all that is left, on a line that holds. */
  finish() {
    this.chance = randomness(1, 0.99);
    this.#replies = [];
    this.#isWaiting = false;
    this.catchUp();
    this.sheet.sendAgain();
    while (this.sheet.hasUnsent || this.#replies.length) {
      this.send();
      for (const reply of this.#replies.splice(0)) this.#settle(reply);
      this.catchUp();
    }
  }

  /** Loads what it has missed. */
  catchUp() {
    const content = /** @type {any} */ (this.server.content(this.sheet.version));
    if (content.elements) this.sheet.load(content);
    else this.sheet.hear(content);
  }

  /** @param {{n: number, version: number | null}} reply */
  #settle({ n, version }) {
    this.#isWaiting = false;
    if (version === null) this.sheet.refuse(n);
    else this.sheet.settle(n, version);
  }
}

/** Chance that is the same each time. @param {number} seed @param {number} [fixed] always this instead */
function randomness(seed, fixed) {
  let state = seed;
  const next = () => {
    if (fixed !== undefined) return fixed;
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @template T @param {T[]} choices @returns {T} */
  const one = (choices) => choices[Math.floor(next() * choices.length)];
  return { next, one };
}
