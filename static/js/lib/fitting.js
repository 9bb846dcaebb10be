/** Cameras and screens are mostly this wide for their height, and fill a tile of another shape in one way. */
const SHAPE = 16 / 9;
/**
 * As many device pixels high may a tile's picture be for each layer below the top: a quarter more than the
 * layer of a camera with 720 lines has, which nobody sees.
 */
export const CAMERA_LINES = [225, 450];
/** As high as a layer's number can be. */
const TOP_LAYER = 2;

/**
 * Returns the highest layer that an element has use for; the top one where its size is not known.
 * @param {HTMLElement} element
 * @param {number[]} lines
 */
export function layerThatFits({ clientWidth, clientHeight }, lines = CAMERA_LINES) {
  const height = Math.min(clientHeight, clientWidth / SHAPE) * devicePixelRatio;
  // A tile that is not shown has no size: what it will need is not known.
  const layer = height ? lines.findIndex((limit) => height <= limit) : -1;
  return layer < 0 ? TOP_LAYER : layer;
}
