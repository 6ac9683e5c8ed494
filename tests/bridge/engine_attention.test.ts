/** The engine's attention against plain arithmetic: every shape and tail, what a mask hides, and extreme scores. */

import { beforeAll, describe, expect, test } from 'vitest';
import { type Exports, Room, half, integer, random, start } from './engine_kernels';

interface Shape {
  width: number;
  tokens: number;
  keys: number;
  heads: number;
  keyHeads: number;
}

const SHAPES: Shape[] = [
  { width: 32, tokens: 1, keys: 1, heads: 1, keyHeads: 1 },
  { width: 64, tokens: 1, keys: 67, heads: 9, keyHeads: 3 },
  { width: 64, tokens: 7, keys: 32, heads: 3, keyHeads: 1 },
  { width: 36, tokens: 19, keys: 101, heads: 4, keyHeads: 2 },
  { width: 128, tokens: 3, keys: 256, heads: 2, keyHeads: 2 },
];
/** Half floats are exact; sums and e^x are rounded to 32 bits, which shows more where scores are in the thousands. */
const PRECISION = { 1: 2e-5, 1024: 2e-3 };
const NOTHING = 0xfc00;

interface Halves {
  bits: Uint16Array;
  values: Float64Array;
}

function halves(count: number, size: number): Halves {
  const drawn = Array.from({ length: count }, () => half(true));
  const least = 2 ** Math.round(Math.log2(size));
  // A power of two more changes the exponent alone; numbers below the smallest normal one stay as they are.
  const larger = drawn.map(({ bits, value }) => (bits & 0x7c00 ? { bits: bits + 1024 * Math.log2(least), value: value * least } : { bits, value }));
  return { bits: Uint16Array.from(larger, ({ bits }) => bits), values: Float64Array.from(larger, ({ value }) => value) };
}

/** What each query of each head sees, [token][head][width]. */
function attention(shape: Shape, q: Float32Array, k: Float64Array, v: Float64Array, hidden: (token: number, key: number) => boolean): Float64Array {
  const { width, tokens, keys, heads, keyHeads } = shape;
  const out = new Float64Array(tokens * heads * width);
  for (let head = 0; head < heads; head++) {
    const first = Math.floor((head * keyHeads) / heads) * keys * width;
    for (let token = 0; token < tokens; token++) {
      const scores = Array.from({ length: keys }, (_, key) => {
        if (hidden(token, key)) return -Infinity;
        let sum = 0;
        for (let i = 0; i < width; i++) sum += q[(head * tokens + token) * width + i]! * k[first + key * width + i]!;
        return sum / Math.sqrt(width);
      });
      const largest = Math.max(...scores);
      if (largest === -Infinity) continue;
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let key = 0; key < keys; key++) {
        for (let i = 0; i < width; i++) {
          out[(token * heads + head) * width + i]! += (weights[key]! / total) * v[first + key * width + i]!;
        }
      }
    }
  }
  return out;
}

describe.each(['relaxed', 'plain'] as const)('attention, %s', (kind) => {
  let engine: Exports;
  beforeAll(async () => {
    engine = await start(kind);
  });

  function expectRight(shape: Shape, size: keyof typeof PRECISION, hidden?: (token: number, key: number) => boolean): void {
    const { width, tokens, keys, heads, keyHeads } = shape;
    const room = new Room(engine);
    const q = Float32Array.from({ length: heads * tokens * width }, () => (random() - 0.5) * 2);
    const k = halves(keyHeads * keys * width, size);
    const v = halves(keyHeads * keys * width, 1);
    const mask = Uint16Array.from({ length: tokens * keys }, (_, at) => (hidden?.(Math.floor(at / keys), at % keys) ? NOTHING : 0));
    const put = (bits: Uint16Array): number => {
      const at = room.take(bits.byteLength);
      new Uint16Array(room.memory, at, bits.length).set(bits);
      return at;
    };
    const result = room.take(4 * tokens * heads * width);
    const given = [room.floats(q), put(k.bits), put(v.bits), hidden ? put(mask) : 0, result];
    engine['cloche_attention']!(...given, width, tokens, keys, heads, keyHeads);
    const found = new Float32Array(room.memory, result, tokens * heads * width);
    const wanted = attention(shape, q, k.values, v.values, hidden ?? (() => false));
    const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - wanted[at]!)), 0);
    expect(worst).toBeLessThan(PRECISION[size]);
  }

  test.each(SHAPES)('sees all keys: %o', (shape) => expectRight(shape, 1));
  test.each(SHAPES)('sees what came before: %o', (shape) =>
    expectRight(shape, 1, (token, key) => key > token + shape.keys - shape.tokens));
  test.each(SHAPES)('sees some keys, and some queries none: %o', (shape) => {
    const seen = Array.from({ length: shape.tokens * shape.keys }, () => integer(0, 9) > 6);
    expectRight(shape, 1, (token, key) => token % 3 === 2 || !seen[token * shape.keys + key]);
  });
  test.each(SHAPES)('tells one key from all others: %o', (shape) => expectRight(shape, 1024));
});
