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
  { width: 64, tokens: 2, keys: 300, heads: 6, keyHeads: 2 },
  { width: 36, tokens: 67, keys: 101, heads: 4, keyHeads: 2 },
];
/** Half floats are exact; sums and e^x are rounded to 32 bits, which shows more where scores are in the thousands. */
const PRECISION = { 1: 2e-5, 1024: 2e-3 };
/** Few queries that see few keys are computed in half floats: one of them may be rounded the other way, and what follows. */
const IN_HALVES = { tokens: 63, keys: 256, precision: { 1: 2e-3, 1024: 8e-3 } };
const NOTHING = 0xfc00;
/** Numbers of ggml's types. */
const [F16, Q4_0, Q8_0] = [1, 2, 8];
const BLOCK = 32;

interface Cached {
  bytes: Uint8Array;
  values: Float64Array;
}

/** Blocks of 32 numbers with a scale: bytes, or halves of bytes that are 8 too much, the second 16 above the first. */
function blocks(count: number, type: number): Cached {
  const perBlock = type === Q8_0 ? BLOCK : BLOCK / 2;
  const bytes = new Uint8Array((count / BLOCK) * (2 + perBlock));
  const values = new Float64Array(count);
  for (let block = 0; block < count / BLOCK; block++) {
    const { bits, value } = half(true);
    const at = block * (2 + perBlock);
    bytes.set([bits & 255, bits >> 8], at);
    for (let i = 0; i < perBlock; i++) {
      const byte = integer(0, 255);
      bytes[at + 2 + i] = byte;
      const start = block * BLOCK + i;
      if (type === Q8_0) values[start] = ((byte << 24) >> 24) * value;
      else [values[start], values[start + 16]] = [((byte & 15) - 8) * value, ((byte >> 4) - 8) * value];
    }
  }
  return { bytes, values };
}

function halves(count: number, size: number): Cached {
  const drawn = Array.from({ length: count }, () => half(true));
  const least = 2 ** Math.round(Math.log2(size));
  // A power of two more changes the exponent alone; numbers below the smallest normal one stay as they are.
  const larger = drawn.map(({ bits, value }) => (bits & 0x7c00 ? { bits: bits + 1024 * Math.log2(least), value: value * least } : { bits, value }));
  const bits = Uint16Array.from(larger, (each) => each.bits);
  return { bytes: new Uint8Array(bits.buffer), values: Float64Array.from(larger, ({ value }) => value) };
}

/** What each query of each head sees, [token][head][width]; key by key, as upstream does it, with what is kept rounded. */
function attention(
  shape: Shape,
  q: Float32Array,
  k: Float64Array,
  v: Float64Array,
  hidden: (token: number, key: number) => boolean,
  rounded: (value: number) => number,
): Float64Array {
  const { width, tokens, keys, heads, keyHeads } = shape;
  const out = new Float64Array(tokens * heads * width);
  for (let head = 0; head < heads; head++) {
    const first = Math.floor((head * keyHeads) / heads) * keys * width;
    for (let token = 0; token < tokens; token++) {
      const seen = out.subarray((token * heads + head) * width, (token * heads + head + 1) * width);
      let [largest, total] = [-Infinity, 0];
      for (let key = 0; key < keys; key++) {
        if (hidden(token, key)) continue;
        let score = 0;
        for (let i = 0; i < width; i++) score += rounded(q[(head * tokens + token) * width + i]!) * k[first + key * width + i]!;
        score /= Math.sqrt(width);
        const shrunk = Math.exp(Math.min(0, largest - score));
        largest = Math.max(largest, score);
        const weight = Math.exp(score - largest);
        total = total * shrunk + weight;
        for (let i = 0; i < width; i++) seen[i] = rounded(rounded(seen[i]! * shrunk) + weight * v[first + key * width + i]!);
      }
      for (let i = 0; i < width; i++) seen[i]! /= total || 1;
    }
  }
  return out;
}

describe.each(['relaxed', 'plain'] as const)('attention, %s', (kind) => {
  let engine: Exports;
  beforeAll(async () => {
    engine = await start(kind);
  });

  function expectRight(
    shape: Shape,
    size: keyof typeof PRECISION,
    hidden?: (token: number, key: number) => boolean,
    type = F16,
  ): void {
    const { width, tokens, keys, heads, keyHeads } = shape;
    const room = new Room(engine);
    const q = Float32Array.from({ length: heads * tokens * width }, () => (random() - 0.5) * 2);
    const drawn = (spread: number): Cached =>
      type === F16 ? halves(keyHeads * keys * width, spread) : blocks(keyHeads * keys * width, type);
    const [k, v] = [drawn(size), drawn(1)];
    const mask = Uint16Array.from({ length: tokens * keys }, (_, at) => (hidden?.(Math.floor(at / keys), at % keys) ? NOTHING : 0));
    const put = (bytes: Uint8Array): number => {
      const at = room.take(bytes.length);
      new Uint8Array(room.memory, at, bytes.length).set(bytes);
      return at;
    };
    const result = room.take(4 * tokens * heads * width);
    const given = [room.floats(q), put(k.bytes), put(v.bytes), hidden ? put(new Uint8Array(mask.buffer)) : 0, result];
    engine['cloche_attention']!(type, ...given, width, tokens, keys, heads, keyHeads);
    const found = new Float32Array(room.memory, result, tokens * heads * width);
    const inHalves = type === F16 && tokens <= IN_HALVES.tokens && keys <= IN_HALVES.keys;
    const wanted = attention(shape, q, k.values, v.values, hidden ?? (() => false), inHalves ? Math.f16round : (value) => value);
    const largest = v.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const errors = found.map((value, at) => Math.abs(value - wanted[at]!) / largest);
    expect(Math.max(...errors)).toBeLessThan(inHalves ? IN_HALVES.precision[size] : PRECISION[size]);
    expect(errors.filter((error) => error < PRECISION[size]).length).toBeGreaterThan(0.99 * errors.length);
  }

  test.each(SHAPES)('sees all keys: %o', (shape) => expectRight(shape, 1));
  test.each(SHAPES)('sees what came before: %o', (shape) =>
    expectRight(shape, 1, (token, key) => key > token + shape.keys - shape.tokens));
  test.each(SHAPES)('sees some keys, and some queries none: %o', (shape) => {
    const seen = Array.from({ length: shape.tokens * shape.keys }, () => integer(0, 9) > 6);
    expectRight(shape, 1, (token, key) => token % 3 === 2 || !seen[token * shape.keys + key]);
  });
  test.each(SHAPES)('tells one key from all others: %o', (shape) => expectRight(shape, 1024));
  test.each(SHAPES.filter(({ width }) => width % BLOCK === 0))('sees what a smaller cache holds: %o', (shape) => {
    for (const type of [Q8_0, Q4_0]) {
      expectRight(shape, 1024, undefined, type);
      expectRight(shape, 1024, (token, key) => key > token + shape.keys - shape.tokens, type);
    }
  });
});
