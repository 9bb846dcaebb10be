// `readClock` reads the clock of clock_camera.js from a video at every picture from then on; `clockReadings` gathers
// the age of each picture in milliseconds and counts what cannot be read.
window.readClock = (selector) => {
  const [columns, rows, scale] = [6, 4, 16];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns * scale, rows * scale];
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  const video = document.querySelector(selector);
  const readings = { ages: [], misread: 0, width: 0, height: 0 };
  window.clockReadings = readings;

  function readWord() {
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let word = 0;
    for (let block = columns * rows - 1; block >= 0; block -= 1) {
      const x = (block % columns) * scale + scale / 2;
      const y = Math.floor(block / columns) * scale + scale / 2;
      word = word * 2 + (pixels[(y * canvas.width + x) * 4] > 127 ? 1 : 0);
    }
    return word;
  }

  function onPicture() {
    video.requestVideoFrameCallback(onPicture);
    const now = performance.timeOrigin + performance.now();
    const word = readWord();
    const milliseconds = Math.floor(word / 16);
    let sum = 0;
    for (let shift = 0; shift < 20; shift += 4) sum += (milliseconds >> shift) & 15;
    const age = (((now - milliseconds) % 2 ** 20) + 2 ** 20) % 2 ** 20;
    if ((sum & 15) === word % 16 && age < 60_000) readings.ages.push(age);
    else readings.misread += 1;
    [readings.width, readings.height] = [video.videoWidth, video.videoHeight];
  }
  video.requestVideoFrameCallback(onPicture);
};

// `soundBuffered` says how long the page's sound has waited for its turn, as [seconds, samples], since it began. A
// browser holds pictures back until their sound is due, so this is a part of their age.
window.soundBuffered = async () => {
  for (const peer of window.seenByTests.peers) {
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === "inbound-rtp" && stat.kind === "audio" && stat.jitterBufferEmittedCount) {
        return [stat.jitterBufferDelay, stat.jitterBufferEmittedCount];
      }
    }
  }
  return [0, 0];
};
