import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { SheetLink } from "../../../../static/js/room/board/link.js";
import { Emitter } from "../../../../static/js/lib/emitter.js";
import { digest } from "../../../../static/js/room/state/sheet.js";
import { SheetServer } from "../../support/sheet_server.js";

/** @typedef {import("node:test").TestContext} TestContext */

/** @param {string} id */
function rect(id) {
  return /** @type {any} */ ({ id, type: "rect", color: 0, size: 60, box: [0, 0, 9, 9] });
}

/** Lets everything run that waits for nothing else. */
async function settle() {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** A line to a server, whose answers the test can hold up or spoil. */
class FakeSession extends Emitter {
  isOpen = true;
  /** @type {{body: any, answer: (error?: {code: string, sentence?: string}) => Promise<void>}[]} */ asked = [];

  /** @param {SheetServer} server @param {string} by */
  constructor(server, by) {
    super();
    this.server = server;
    this.by = by;
  }

  /** @param {string} type @param {any} body @returns {Promise<any>} */
  request(type, body) {
    assert.equal(type, "board.draw");
    return new Promise((resolve, reject) => {
      const answer = async (/** @type {any} */ error) => {
        if (error) reject(error);
        else {
          const message = { by: this.by, client: "page", ...JSON.parse(JSON.stringify(body)) };
          const version = this.server.take(message);
          if (version === null) reject({ code: "forbidden", sentence: "No." });
          else resolve({ version });
        }
        await settle();
      };
      this.asked.push({ body, answer });
    });
  }
}

/** A link that is open. @param {TestContext} t */
async function opened(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const server = new SheetServer();
  server.take({ by: "b", client: "other", n: 1, ops: [{ do: "add", element: rect("old1") }] });
  const session = new FakeSession(server, "me");
  /** @type {string[]} */ const asked = [];
  const faults = { load: 0 };
  const load = async (/** @type {string} */ url) => {
    asked.push(url);
    if (faults.load-- > 0) throw new Error("no network");
    const since = url.match(/since=(\d+)/)?.[1];
    return { ok: true, json: async () => JSON.parse(JSON.stringify(server.content(since === undefined ? undefined : Number(since)))) };
  };
  const link = new SheetLink(session, { id: "sheet", url: "/sheet/", client: "page", load: /** @type {any} */ (load) });
  /** @type {string[]} */ const refused = [];
  link.on("refused", (sentence) => refused.push(sentence));
  await link.open();
  const tell = (/** @type {any} */ event) => session.emit("message", { type: "board.ops", body: { sheet: "sheet", ...event } });
  const same = () => assert.equal(digest(link.sheet.shown.values()), digest(server.elements.values()));
  return { server, session, link, asked, refused, faults, tell, same };
}

describe("a sheet's line", () => {
  test("loads the whole sheet first, then only what was missed", async (t) => {
    const { server, session, asked, same, tell } = await opened(t);
    same();
    server.take({ by: "b", client: "other", n: 2, ops: [{ do: "add", element: rect("two2") }] });
    session.emit("message", { type: "room.snapshot", body: {} });
    await settle();
    same();
    for (const n of [3, 4]) server.take({ by: "b", client: "other", n, ops: [{ do: "add", element: rect(`id-${n}`) }] });
    tell(server.events[3]);
    await settle();
    same();
    assert.deepEqual(asked, ["/sheet/", "/sheet/?since=1", "/sheet/?since=2"]);
  });

  test("keeps what comes while it loads, and asks for nothing twice however much is drawn", async (t) => {
    const { server, session, asked, tell, same } = await opened(t);
    session.emit("message", { type: "room.snapshot", body: {} });
    for (let n = 2; n < 30; n++) {
      server.take({ by: "b", client: "other", n, ops: [{ do: "add", element: rect(`id-${n}`) }] });
      tell(server.events[n - 1]);
      await Promise.resolve();
    }
    await settle();
    same();
    assert.equal(asked.length, 2);
  });

  test("sends one message at a time, and what has gathered with the next", async (t) => {
    const { session, link, tell, server, same } = await opened(t);
    for (const id of ["one1", "two2", "three"]) link.perform({ do: "add", element: rect(id) });
    assert.equal(session.asked.length, 1);
    await session.asked[0].answer();
    assert.deepEqual(session.asked.map(({ body }) => body.ops.length), [1, 2]);
    assert.ok(session.asked[1].body.n > session.asked[0].body.n);
    await session.asked[1].answer();
    for (const event of server.events.slice(1)) tell(event);
    same();
    assert.equal(link.sheet.pendingCount, 0);
  });

  test("shows what it does while the line is broken, and sends it when it is back", async (t) => {
    const { session, link, same } = await opened(t);
    session.isOpen = false;
    link.perform({ do: "add", element: rect("mine") });
    assert.ok(link.sheet.shown.has("mine"));
    assert.equal(session.asked.length, 0);
    session.isOpen = true;
    session.emit("message", { type: "room.snapshot", body: {} });
    await settle();
    await session.asked[0].answer();
    session.emit("message", { type: "room.snapshot", body: {} });
    await settle();
    same();
  });

  test("sends once more what nobody knows of, and draws it once", async (t) => {
    const { server, session, link, same } = await opened(t);
    link.perform({ do: "add", element: rect("mine") });
    server.take({ by: "me", client: "page", ...session.asked[0].body });
    session.isOpen = false;
    await session.asked[0].answer({ code: "offline" });
    session.isOpen = true;
    session.emit("message", { type: "room.snapshot", body: {} });
    await settle();
    assert.equal(link.sheet.pendingCount, 0);
    same();
  });

  test("waits when it is too fast", async (t) => {
    const { session, link } = await opened(t);
    link.perform({ do: "add", element: rect("mine") });
    await session.asked[0].answer({ code: "too_fast" });
    link.perform({ do: "add", element: rect("more") });
    assert.equal(session.asked.length, 1);
    t.mock.timers.tick(1_000);
    await settle();
    await session.asked[1].answer();
    const sent = session.asked.slice(1).flatMap(({ body }) => body.ops.map((/** @type {any} */ op) => op.element.id));
    assert.deepEqual(sent, ["mine", "more"]);
  });

  test("takes back what the server refuses, and says why", async (t) => {
    const { session, link, refused, same } = await opened(t);
    link.perform({ do: "remove", ids: ["old1"] });
    assert.ok(!link.sheet.shown.has("old1"));
    await session.asked[0].answer();
    assert.deepEqual(refused, ["No."]);
    same();
  });

  test("loads all when it is told to, and again when that fails", async (t) => {
    const { server, link, asked, faults, tell } = await opened(t);
    faults.load = 1;
    tell({ from: server.version, batches: [{ by: "t", client: "", n: 0, ops: [{ do: "reload" }] }] });
    await settle();
    t.mock.timers.tick(1_500);
    await settle();
    assert.deepEqual(asked.slice(1), ["/sheet/", "/sheet/"]);
    assert.ok(link.sheet.shown.has("old1"));
  });

  test("hears nothing more once it is closed", async (t) => {
    const { session, link, asked } = await opened(t);
    link.close();
    session.emit("message", { type: "room.snapshot", body: {} });
    await settle();
    assert.equal(asked.length, 1);
  });
});
