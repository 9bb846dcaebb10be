/** The device check: one thing after the other, each with a word and advice, kept by the web tier. */

import { find, setText, whileBusy } from "../lib/dom.js";
import { text } from "../lib/texts.js";
import { Devices, problem } from "../room/devices.js";
import { chime, HEARD, listen } from "./microphone.js";
import { tryNetwork } from "./network.js";

const SPEAK_MS = 12_000;
/** What `problem` of the room's devices is here. */
const KINDS = { denied: "blocked", missing: "missing", busy: "busy", gone: "missing" };
const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 1 });

/** @typedef {"browser" | "camera" | "microphone" | "speaker" | "network"} Part */

const devices = new Devices();
/** @type {Record<string, string | number | null>} */
const found = { camera: "", microphone: "", speaker: "", network: "", rtt_ms: null, loss: null };

/**
 * Shows how a part fares.
 * @param {Part} part
 * @param {string} status `wait`, `ask`, `ok`, or what is wrong
 * @param {Record<string, string | number>} [values]
 */
function show(part, status, values = {}) {
  const row = find(`[data-part="${part}"]`);
  row.dataset.status = status;
  const isBad = !["", "wait", "ask", "ok"].includes(status);
  setText(find(".part__word", row), text(isBad ? `check_bad_${status}` : `check_${status}`));
  setText(find(".part__advice", row), text(`check_${part}_${status}`, values));
}

/** @param {string} path @param {object} body */
async function post(path, body) {
  const token = /** @type {HTMLInputElement} */ (find("[name=csrfmiddlewaretoken]")).value;
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** Writes down what is found so far; a page that can't reach the web tier has shown it at least. */
async function keep() {
  await post("/check/result/", found).catch((error) => console.error(error));
}

function checkBrowser() {
  const isGood = "RTCPeerConnection" in window && "AudioContext" in window && Boolean(navigator.mediaDevices) && "WebSocket" in window;
  show("browser", isGood ? "ok" : window.isSecureContext ? "old" : "insecure");
  return isGood;
}

/** @param {unknown} error @param {"camera" | "microphone"} source */
function kindOf(error, source) {
  const word = problem(source, error);
  const key = Object.keys(KINDS).find((name) => word.includes(name));
  return key ? KINDS[/** @type {keyof typeof KINDS} */ (key)] : "failed";
}

async function checkCamera() {
  show("camera", "wait");
  const video = /** @type {HTMLVideoElement} */ (find("#check-video"));
  try {
    const track = await devices.track("camera");
    video.srcObject = new MediaStream([track]);
    await video.play();
    find("#check-preview").dataset.isOn = "yes";
    found.camera = "ok";
    show("camera", "ok", { name: track.label });
  } catch (error) {
    found.camera = kindOf(error, "camera");
    show("camera", String(found.camera));
  }
}

async function checkMicrophone() {
  show("microphone", "wait");
  try {
    const track = await devices.track("microphone");
    show("microphone", "ask");
    found.microphone = (await isHeard(track)) ? "ok" : "failed";
    show("microphone", String(found.microphone), { name: track.label });
  } catch (error) {
    found.microphone = kindOf(error, "microphone");
    show("microphone", String(found.microphone));
  }
}

/** Whether anything is heard within the time that one is asked to speak; the bar goes on moving. @param {MediaStreamTrack} track */
function isHeard(track) {
  const bar = find("#check-level");
  return new Promise((resolve) => {
    listen(track, (level) => {
      bar.style.setProperty("--level", String(level));
      if (level > HEARD) resolve(true);
    });
    setTimeout(() => resolve(false), SPEAK_MS);
  });
}

async function checkNetwork() {
  show("network", "wait");
  try {
    const { network, rtt_ms, loss } = await tryNetwork((offers) => post("/check/connect/", offers));
    Object.assign(found, { network, rtt_ms, loss });
    show("network", network, { rtt: rtt_ms ?? "–", loss: percent.format(loss ?? 0) });
  } catch (error) {
    console.error(error);
    show("network", "away");
  }
  find("#check-school").hidden = !["blocked", "weak"].includes(String(found.network));
}

async function run() {
  find("#check-result").hidden = true;
  if (!checkBrowser()) {
    found.network = "unsupported";
    show("network", "unsupported");
    await keep();
    return finish();
  }
  const network = checkNetwork();
  await checkCamera();
  await checkMicrophone();
  await network;
  show("speaker", "ask");
  find("#check-hear").hidden = false;
  await keep();
  await play();
}

async function play() {
  await chime();
  find("#check-yes").focus();
}

/** @param {boolean} isHeard */
async function heard(isHeard) {
  found.speaker = isHeard ? "ok" : "failed";
  show("speaker", String(found.speaker));
  find("#check-hear").hidden = true;
  await keep();
  finish();
}

function finish() {
  const isGood = ["camera", "microphone", "speaker", "network"].every((part) => found[part] === "ok");
  const sentence = find("#check-result");
  sentence.hidden = false;
  sentence.classList.toggle("callout--danger", !isGood);
  setText(find("#check-sentence"), text(isGood ? "check_all_good" : "check_some_bad"));
  setText(find("#check-start-text"), text("check_again"));
}

/** @param {string} id @param {() => Promise<unknown>} work */
function bind(id, work) {
  const button = find(id);
  button.addEventListener("click", () => whileBusy(button, work));
}

bind("#check-start", run);
bind("#check-play", play);
bind("#check-yes", () => heard(true));
bind("#check-no", () => heard(false));
document.dispatchEvent(new Event("lectern:ready"));
