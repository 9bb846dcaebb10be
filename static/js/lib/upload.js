/** Uploads a file in parts; each is sent again until it arrives, and what arrived before is not sent again. */

import { backoff } from "./backoff.js";

const BACKOFF = { first: 500, cap: 8_000 };
/** About three minutes without a single part. */
const MAX_TRIES = 25;
const PART_LIMIT_MS = 120_000;
const REMEMBERED = "lectern.upload.";

/** The web tier has said no, in a sentence for people, or empty. */
export class UploadRefused extends Error {}

/**
 * Uploads a file and returns its id once it has arrived whole; raises UploadRefused, or an Error if nothing gets
 * through. The same file chosen again goes on where it stopped.
 * @param {{url: string, token: string, purpose: string, file: Blob, name: string,
 *   onProgress?: (share: number) => void}} upload `url` is of the lesson's files, `token` the one against forgery
 * @returns {Promise<string>}
 */
export async function upload({ url, token, purpose, file, name, onProgress = () => {} }) {
  const key = keyOf(url, purpose, file, name);
  const started = (await resume(url, localStorage.getItem(key))) ?? (await begin(url, token, purpose, name, file.size));
  localStorage.setItem(key, started.id);
  const received = new Set(started.received);
  for (let number = 0; number < started.parts; number++) {
    if (received.has(number)) continue;
    const start = number * started.part_bytes;
    const part = file.slice(start, start + started.part_bytes);
    const tell = (/** @type {number} */ sent) => onProgress(Math.min(1, (start + sent) / file.size));
    await again(() => send("PUT", `${url}${started.id}/parts/${number}/`, token, part, tell));
    tell(part.size);
  }
  await again(() => send("POST", `${url}${started.id}/finish/`, token));
  localStorage.removeItem(key);
  return started.id;
}

/** @param {string} url @param {string} purpose @param {Blob} file @param {string} name */
function keyOf(url, purpose, file, name) {
  const modified = file instanceof File ? file.lastModified : 0;
  return `${REMEMBERED}${url}.${purpose}.${name}.${file.size}.${modified}`;
}

/** @typedef {{id: string, state: string, part_bytes: number, parts: number, received: number[]}} Progress */

/** @param {string} url @param {string | null} id @returns {Promise<Progress | null>} */
async function resume(url, id) {
  if (!id) return null;
  const response = await fetch(`${url}${id}/`, { cache: "no-store" });
  const progress = response.ok ? await response.json() : null;
  return progress?.state === "uploading" ? progress : null;
}

/**
 * @param {string} url
 * @param {string} token
 * @param {string} purpose
 * @param {string} name
 * @param {number} size
 * @returns {Promise<Progress>}
 */
async function begin(url, token, purpose, name, size) {
  const announcement = new Blob([JSON.stringify({ for: purpose, name, size })], { type: "application/json" });
  return JSON.parse(await send("POST", url, token, announcement));
}

/** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function again(work) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UploadRefused || attempt + 1 >= MAX_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, backoff(attempt, BACKOFF)));
    }
  }
}

/**
 * Sends a request; only XMLHttpRequest tells how much of a body has gone.
 * @param {string} method
 * @param {string} url
 * @param {string} token
 * @param {Blob | null} [body]
 * @param {(sent: number) => void} [onProgress]
 * @returns {Promise<string>} the reply's text
 */
function send(method, url, token, body = null, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.timeout = PART_LIMIT_MS;
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onerror = request.ontimeout = request.onabort = () => reject(new Error("the line is broken"));
    request.onload = () => {
      if (request.status < 300) resolve(request.responseText);
      else if (request.status < 500) reject(new UploadRefused(sentence(request)));
      else reject(new Error(`the web tier answered ${request.status}`));
    };
    request.send(body);
  });
}

/** @param {XMLHttpRequest} request */
function sentence({ status, responseText }) {
  if (status !== 409) return "";
  try {
    return String(JSON.parse(responseText).error ?? "");
  } catch {
    return "";
  }
}
