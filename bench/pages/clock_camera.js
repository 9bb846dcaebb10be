// A camera that shows the time as black and white blocks: 20 bits of milliseconds, then a checksum of 4 bits.
(() => {
  const [width, height, columns, rows, framesPerSecond] = [640, 360, 6, 4, 30];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { alpha: false });

  function draw() {
    const milliseconds = Math.floor(performance.timeOrigin + performance.now()) % 2 ** 20;
    let sum = 0;
    for (let shift = 0; shift < 20; shift += 4) sum += (milliseconds >> shift) & 15;
    const word = milliseconds * 16 + (sum & 15);
    for (let block = 0; block < columns * rows; block += 1) {
      context.fillStyle = (word >> block) & 1 ? "#fff" : "#000";
      const [x, y] = [block % columns, Math.floor(block / columns)];
      context.fillRect((x * width) / columns, (y * height) / rows, width / columns, height / rows);
    }
  }

  window.drawnCamera(canvas, framesPerSecond, draw);
})();
