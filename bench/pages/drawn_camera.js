// `drawnCamera` replaces the camera by a canvas that `draw` paints so many times a second, from the first time that a
// camera is asked for. The microphone stays the browser's own.
window.drawnCamera = (canvas, framesPerSecond, draw) => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  let started = false;
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
    const stream = new MediaStream(audio ? (await real({ audio })).getAudioTracks() : []);
    if (video) {
      if (!started) setInterval(draw, 1000 / framesPerSecond);
      started = true;
      stream.addTrack(canvas.captureStream(framesPerSecond).getVideoTracks()[0]);
    }
    return stream;
  };
};
