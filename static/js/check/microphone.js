/** How loud a microphone is. */

/** So loud, of 1, is who speaks; a silent room is below. */
export const HEARD = 0.02;
const SAMPLES = 1024;

/**
 * Tells the level, 0 to 1, again and again until it is stopped.
 * @param {MediaStreamTrack} track
 * @param {(level: number) => void} tell
 * @returns {() => void} stops it
 */
export function listen(track, tell) {
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  analyser.fftSize = SAMPLES;
  audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(SAMPLES);
  let frame = 0;
  const measure = () => {
    analyser.getFloatTimeDomainData(samples);
    tell(Math.min(1, Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / SAMPLES) * 4));
    frame = requestAnimationFrame(measure);
  };
  measure();
  return () => {
    cancelAnimationFrame(frame);
    void audio.close();
  };
}

/** Plays three notes by the speaker. */
export async function chime() {
  const audio = new AudioContext();
  const volume = audio.createGain();
  volume.gain.value = 0.2;
  volume.connect(audio.destination);
  [523, 659, 784].forEach((frequency, index) => {
    const note = audio.createOscillator();
    note.frequency.value = frequency;
    note.connect(volume);
    note.start(audio.currentTime + index * 0.25);
    note.stop(audio.currentTime + index * 0.25 + 0.22);
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await audio.close();
}
