/** How different two frames are: nothing for noise and a camera's own adjusting, much for what a person would notice. */
import { describe, expect, test } from 'vitest';
import { difference, SIDE, signature } from '../../../js_bridge/frame_difference';

type Paint = (brush: OffscreenCanvasRenderingContext2D) => void;

/** 64 x 64 pixels, painted in units of hundredths, with noise as of a cheap camera in poor light. */
function pixels(paint: Paint, { noise = 0, seed = 1, light = 0 } = {}): Uint8ClampedArray {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const brush = canvas.getContext('2d', { alpha: false, willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  brush.scale(SIDE / 100, SIDE / 100);
  brush.fillStyle = '#e6e1d7';
  brush.fillRect(0, 0, 100, 100);
  paint(brush);
  const { data } = brush.getImageData(0, 0, SIDE, SIDE);
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    data[i] = (data[i] as number) + light + noise * ((state / 2147483648) * 2 - 1);
  }
  return data;
}

const circle = (colour: string, x = 50, y = 50, radius = 25): Paint => (brush) => {
  brush.fillStyle = colour;
  brush.beginPath();
  brush.arc(x, y, radius, 0, 2 * Math.PI);
  brush.fill();
};
const between = (before: Uint8ClampedArray, after: Uint8ClampedArray): number => difference(signature(before), signature(after));
const plain = pixels(circle('#dc2d2d'));

describe('the difference', () => {
  test('of the same frame is 0, of black and white 100', () => {
    expect(between(plain, plain)).toBe(0);
    const wall = (colour: string): Paint => (brush) => {
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 100, 100);
    };
    expect(between(pixels(wall('black')), pixels(wall('white')))).toBeGreaterThan(95);
  });

  test('of noise and of a camera that adjusts itself stays below the usual threshold of 5', () => {
    for (const seed of [2, 3, 4]) {
      expect(between(pixels(circle('#dc2d2d'), { noise: 12 }), pixels(circle('#dc2d2d'), { noise: 12, seed }))).toBeLessThan(3);
    }
    expect(between(plain, pixels(circle('#dc2d2d'), { light: 10 }))).toBeLessThan(4);
    expect(between(plain, pixels(circle('#dc2d2d'), { light: -10 }))).toBeLessThan(4);
  });

  test.each([
    ['another colour', circle('#2d5adc')],
    ['a colour close to it', circle('#f28a1c')],
    ['something that moved by a tenth', circle('#dc2d2d', 60)],
    ['something gone', () => undefined],
  ] satisfies [string, Paint][])('of %s is well above it', (_what, after) => {
    expect(between(plain, pixels(after))).toBeGreaterThan(10);
  });

  test('of a small thing that comes is above it, wherever that is', () => {
    for (const [x, y] of [[10, 10], [88, 12], [50, 92]] as const) {
      const after: Paint = (brush) => {
        circle('#dc2d2d')(brush);
        circle('#1e1e1e', x, y, 7)(brush);
      };
      expect(between(plain, pixels(after, { noise: 12 }))).toBeGreaterThan(5);
    }
  });

  test('of a light that is switched on counts', () => {
    expect(between(pixels(circle('#dc2d2d'), { light: -90 }), plain)).toBeGreaterThan(10);
  });
});
