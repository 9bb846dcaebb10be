// `watchQuality` notes four times a second what the page has received of pictures and sound since it began;
// `qualitySamples` gathers it.
window.watchQuality = () => {
  const samples = [];
  window.qualitySamples = samples;

  async function look() {
    const sample = { time: Date.now() / 1000, frames: 0, height: 0, frozen: 0, freezes: 0, heard: 0, concealed: 0 };
    for (const peer of window.seenByTests.peers) {
      if (peer.signalingState === "closed") continue;
      for (const stat of (await peer.getStats()).values()) {
        if (stat.type !== "inbound-rtp") continue;
        if (stat.kind === "video" && stat.framesDecoded) {
          sample.frames += stat.framesDecoded;
          sample.height = Math.max(sample.height, stat.frameHeight ?? 0);
          sample.frozen += stat.totalFreezesDuration ?? 0;
          sample.freezes += stat.freezeCount ?? 0;
        } else if (stat.kind === "audio") {
          sample.heard += stat.totalSamplesReceived ?? 0;
          sample.concealed += (stat.concealedSamples ?? 0) - (stat.silentConcealedSamples ?? 0);
        }
      }
    }
    samples.push(sample);
  }
  setInterval(look, 250);
};
