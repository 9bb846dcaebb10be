// Notes when the button `Join` is clicked and when the first picture after it is there, as `window.joinTimes`.
(() => {
  const times = { clicked: null, picture: null };
  window.joinTimes = times;
  addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("button");
      if (times.clicked === null && button?.textContent.trim() === "Join") {
        times.clicked = event.timeStamp;
        watch();
      }
    },
    { capture: true },
  );

  function watch() {
    const video = document.querySelector('video[data-slot="teacher-camera"]');
    if (!video) {
      setTimeout(watch, 1);
      return;
    }
    video.requestVideoFrameCallback(() => (times.picture = performance.now()));
  }
})();
