// A camera of 960 × 540 with 30 pictures a second, of which the best layer takes all its bitrate: soft patches of noise
// wander over grey. Of harder noise libvpx leaves out every other picture, to keep within the bitrate.
(() => {
  const [width, height, framesPerSecond, patches, side, contrast] = [960, 540, 30, 6, 96, 100];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { alpha: false });
  const noises = Array.from({ length: 5 }, noise);
  let frame = 0;

  function noise() {
    const image = new ImageData(side, side);
    for (let index = 0; index < image.data.length; index += 1) {
      image.data[index] = index % 4 === 3 ? 255 : 136 + (Math.random() - 0.5) * contrast;
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
