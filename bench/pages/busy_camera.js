// A camera of 960 × 540 with 30 pictures a second, which is about as much to encode as a person who moves before a wall:
// patches of noise wander over grey.
(() => {
  const [width, height, framesPerSecond, patches, side] = [960, 540, 30, 6, 96];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { alpha: false });
  const noises = Array.from({ length: 5 }, noise);
  let frame = 0;

  function noise() {
    const image = new ImageData(side, side);
    for (let index = 0; index < image.data.length; index += 1) {
      image.data[index] = index % 4 === 3 ? 255 : Math.random() * 255;
    }
    const patch = new OffscreenCanvas(side, side);
    patch.getContext("2d").putImageData(image, 0, 0);
    return patch;
  }

  function draw() {
    context.fillStyle = "#888";
    context.fillRect(0, 0, width, height);
    for (let patch = 0; patch < patches; patch += 1) {
      const x = ((patch * 160 + frame * 3) % (width + side)) - side;
      context.drawImage(noises[(frame + patch) % noises.length], x, (patch * 85) % (height - side));
    }
    frame += 1;
  }

  window.drawnCamera(canvas, framesPerSecond, draw);
})();
