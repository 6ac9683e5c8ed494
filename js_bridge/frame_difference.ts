/**
 * How different two frames look to a person, in percent.
 *
 * Owns the measure. A frame becomes 16 x 16 mean colours in OKLab, where equal distances look equally different; noise
 * averages out in them. What counts is the mean distance of the most different cells, so that a small thing that
 * changes counts as much as a large one, after a small change of light over the whole frame is taken out: cameras adjust
 * themselves all the time. 0 is the same frame, 100 is black to white.
 */

export const CELLS = 16;
/** Side of the picture that `signature` takes, in pixels. */
export const SIDE = CELLS * 4;
const MOST_DIFFERENT = 4;
/** A shift of lightness up to this is the camera's; more is somebody who switched the light on. */
const OWN_ADJUSTMENT = 0.08;

/** L, a, b of each cell. */
export type Signature = Float32Array;

/** The signature of SIDE x SIDE pixels in RGBA. */
export function signature(pixels: Uint8ClampedArray): Signature {
  const cells = new Float32Array(CELLS * CELLS * 3);
  const size = SIDE / CELLS;
  for (let row = 0; row < CELLS; row++) {
    for (let column = 0; column < CELLS; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = row * size; y < (row + 1) * size; y++) {
        for (let x = column * size; x < (column + 1) * size; x++) {
          const at = (y * SIDE + x) * 4;
          red += pixels[at] as number;
          green += pixels[at + 1] as number;
          blue += pixels[at + 2] as number;
        }
      }
      const share = 1 / (size * size * 255);
      cells.set(oklab(red * share, green * share, blue * share), (row * CELLS + column) * 3);
    }
  }
  return cells;
}

/** From 0 (the same) to 100. */
export function difference(before: Signature, after: Signature): number {
  const count = before.length / 3;
  const shifts = new Float32Array(count);
  for (let i = 0; i < count; i++) shifts[i] = (after[i * 3] as number) - (before[i * 3] as number);
  const shift = shifts.toSorted()[count >> 1] as number;
  const light = Math.abs(shift) <= OWN_ADJUSTMENT ? shift : 0;
  const distances = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const a = (after[i * 3 + 1] as number) - (before[i * 3 + 1] as number);
    const b = (after[i * 3 + 2] as number) - (before[i * 3 + 2] as number);
    distances[i] = Math.hypot((shifts[i] as number) - light, a, b);
  }
  const most = distances.toSorted().subarray(-MOST_DIFFERENT);
  return Math.min(100, (100 * most.reduce((sum, distance) => sum + distance, 0)) / MOST_DIFFERENT);
}

/** sRGB (0 to 1) in OKLab; the matrices are Björn Ottosson's (bottosson.github.io/posts/oklab). */
function oklab(red: number, green: number, blue: number): [number, number, number] {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}
