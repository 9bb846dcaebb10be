import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";

import { upload, UploadRefused } from "../../../static/js/lib/upload.js";

const URL = "/lessons/l/files/";
const PART = 4;

/** A web tier that takes uploads in parts of four bytes. */
class WebTier {
  /** @type {Map<string, string>} */ kept = new Map();
  /** @type {string[]} */ heard = [];
  /** How often a request of that method and path fails before it comes through. @type {Record<string, number>} */ failing = {};
  /** @type {Set<number>} */ received = new Set();
  size = 0;
  status = 201;

  /** @param {string} method @param {string} path @param {Blob | null} body @returns {Promise<{status: number, text: string}>} */
  async serve(method, path, body) {
    this.heard.push(`${method} ${path.slice(URL.length)}`);
    const name = this.heard.at(-1) ?? "";
    if (this.failing[name]) {
      this.failing[name] -= 1;
      return { status: 0, text: "" };
    }
    if (method === "POST" && path === URL) {
      this.size = JSON.parse((await body?.text()) ?? "").size;
      return { status: this.status, text: this.status === 201 ? this.progress : '{"error": "No room."}' };
    }
    if (method === "PUT") this.received.add(Number(path.split("/").at(-2)));
    return { status: 204, text: "" };
  }

  get progress() {
    const parts = Math.ceil(this.size / PART);
    return JSON.stringify({ id: "m", state: "uploading", part_bytes: PART, parts, received: [...this.received] });
  }
}

/** @type {WebTier} */ let web;

class FakeRequest {
  upload = { onprogress: (/** @type {{loaded: number}} */ _event) => {} };
  status = 0;
  responseText = "";
  onload = () => {};
  onerror = () => {};
  #method = "";
  #path = "";

  open(/** @type {string} */ method, /** @type {string} */ path) {
    [this.#method, this.#path] = [method, path];
  }

  setRequestHeader(/** @type {string} */ name, /** @type {string} */ value) {
    assert.deepEqual([name, value], ["X-CSRFToken", "token"]);
  }

  async send(/** @type {Blob | null} */ body) {
    const { status, text } = await web.serve(this.#method, this.#path, body);
    this.upload.onprogress({ loaded: body?.size ?? 0 });
    [this.status, this.responseText] = [status, text];
    if (status) this.onload();
    else this.onerror();
  }
}

beforeEach(() => {
  web = new WebTier();
  const kept = web.kept;
  Object.assign(globalThis, {
    XMLHttpRequest: FakeRequest,
    localStorage: {
      getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
      removeItem: (/** @type {string} */ key) => kept.delete(key),
    },
    fetch: async () => ({ ok: true, json: async () => JSON.parse(web.progress) }),
  });
  // No pause is waited for.
  mock.method(globalThis, "setTimeout", (/** @type {() => void} */ callback) => queueMicrotask(callback));
});

/** @param {(share: number) => void} [onProgress] */
function send(onProgress) {
  return upload({ url: URL, token: "token", purpose: "lesson", file: new Blob(["0123456789"]), name: "a.txt", onProgress });
}

describe("upload", () => {
  test("a file goes in parts, and tells how far it has come", async () => {
    /** @type {number[]} */ const shares = [];
    assert.equal(await send((share) => shares.push(share)), "m");
    assert.deepEqual(web.heard, ["POST ", "PUT m/parts/0/", "PUT m/parts/1/", "PUT m/parts/2/", "POST m/finish/"]);
    assert.deepEqual([...new Set(shares)], [0.4, 0.8, 1]);
    assert.equal(web.kept.size, 0);
  });

  test("a part that is lost is sent again, and no other", async () => {
    web.failing["PUT m/parts/1/"] = 2;
    await send();
    assert.equal(web.heard.filter((line) => line === "PUT m/parts/1/").length, 3);
    assert.equal(web.heard.filter((line) => line === "PUT m/parts/0/").length, 1);
  });

  test("what nothing gets through is given up, and goes on where it stopped", async () => {
    web.failing["PUT m/parts/2/"] = 25;
    await assert.rejects(send(), /the line is broken/);
    web.heard = [];
    await send();
    assert.deepEqual(web.heard, ["PUT m/parts/2/", "POST m/finish/"]);
  });

  test("a refusal is told in its sentence, and not tried again", async () => {
    web.status = 409;
    await assert.rejects(send(), (error) => error instanceof UploadRefused && error.message === "No room.");
    assert.deepEqual(web.heard, ["POST "]);
  });
});
