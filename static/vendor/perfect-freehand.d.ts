/** What the room uses of perfect-freehand. */
export function getStroke(
  points: number[][],
  options?: {
    size?: number;
    thinning?: number;
    smoothing?: number;
    streamline?: number;
    simulatePressure?: boolean;
    last?: boolean;
  },
): [number, number][];
