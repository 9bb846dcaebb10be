/**
 * Whether media comes through to a relay and back: sound is sent into a room of one's own and heard again, as in
 * a lesson, and measured.
 *
 * @typedef {{network: "ok" | "weak" | "blocked" | "unsupported" | "", rtt_ms: number | null, loss: number | null}} Found
 *   `network` is empty where nothing could be tried
 */

const CONNECT_MS = 10_000;
const MEASURE_MS = 5_000;
const POLL_MS = 200;
const GATHER_MS = 2_000;
/** Above these, a lesson is hard to follow. */
const WEAK_LOSS = 0.05;
const WEAK_RTT_MS = 400;
/** So many of a stream's packets at least: fewer came by chance. */
const ENOUGH_PACKETS = 20;

/** @type {Found} */
const NOTHING = { network: "", rtt_ms: null, loss: null };

/**
 * Tries it, which takes about five seconds; a browser that can't, and a way that is blocked, are findings.
 * @param {(offers: {send: string, receive: string}) => Promise<{send: string, receive: string}>} connect
 *   asks the web tier; it raises where no relay could be asked
 * @returns {Promise<Found>}
 */
export async function tryNetwork(connect) {
  if (!("RTCPeerConnection" in window)) return { ...NOTHING, network: "unsupported" };
  const sound = quietSound();
  const sender = new RTCPeerConnection();
  const receiver = new RTCPeerConnection();
  try {
    sender.addTransceiver(sound.track, { direction: "sendonly" });
    receiver.addTransceiver("audio", { direction: "recvonly" });
    const [send, receive] = await Promise.all([offer(sender), offer(receiver)]);
    const answers = await connect({ send, receive });
    await sender.setRemoteDescription({ type: "answer", sdp: answers.send });
    await receiver.setRemoteDescription({ type: "answer", sdp: answers.receive });
    const isUp = await until(() => [sender, receiver].every((peer) => peer.connectionState === "connected"), CONNECT_MS);
    if (!isUp) return { ...NOTHING, network: "blocked" };
    await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
    return judge(await measured(sender, receiver));
  } finally {
    sender.close();
    receiver.close();
    sound.stop();
  }
}

/** Sound that nobody hears, from no device: the check needs no permission. */
function quietSound() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  const target = audio.createMediaStreamDestination();
  volume.gain.value = 0.01;
  tone.connect(volume).connect(target);
  tone.start();
  return { track: target.stream.getAudioTracks()[0], stop: () => void audio.close() };
}

/** @param {RTCPeerConnection} peer */
async function offer(peer) {
  await peer.setLocalDescription();
  // The relay learns the browser's address from its checks: candidates need not be waited for long.
  await until(() => peer.iceGatheringState === "complete", GATHER_MS);
  return peer.localDescription?.sdp ?? "";
}

/** @param {() => boolean} condition @param {number} limit */
async function until(condition, limit) {
  const deadline = performance.now() + limit;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/**
 * @param {RTCPeerConnection} sender
 * @param {RTCPeerConnection} receiver
 */
async function measured(sender, receiver) {
  const sent = [...(await sender.getStats()).values()];
  const received = [...(await receiver.getStats()).values()];
  const heard = received.find((stat) => stat.type === "inbound-rtp");
  const told = sent.find((stat) => stat.type === "remote-inbound-rtp");
  const pair = [...sent, ...received].find((stat) => stat.type === "candidate-pair" && stat.nominated);
  const packets = heard?.packetsReceived ?? 0;
  const lost = Math.max(0, heard?.packetsLost ?? 0);
  return {
    packets,
    loss: Math.max(lost / Math.max(1, packets + lost), told?.fractionLost ?? 0),
    rtt: told?.roundTripTime ?? pair?.currentRoundTripTime ?? null,
  };
}

/**
 * Returns what figures mean.
 * @param {{packets: number, loss: number, rtt: number | null}} figures `rtt` in seconds
 * @returns {Found}
 */
export function judge({ packets, loss, rtt }) {
  const rtt_ms = rtt === null ? null : Math.round(rtt * 1_000);
  if (packets < ENOUGH_PACKETS) return { network: "blocked", rtt_ms, loss: 1 };
  const isWeak = loss > WEAK_LOSS || (rtt_ms ?? 0) > WEAK_RTT_MS;
  return { network: isWeak ? "weak" : "ok", rtt_ms, loss: Math.min(1, Math.round(loss * 1_000) / 1_000) };
}
