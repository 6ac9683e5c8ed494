/**
 * The kernels of Cloche's own engine against plain arithmetic: random and extreme numbers, every number of rows, every
 * way in which a machine's relaxed dot product may behave, and without relaxed SIMD.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { type Exports, NONE, Room, expectClose, expectInEveryWay, half, integer, random, start, waysOf } from './engine_kernels';

const BLOCK = 32;

/** A matrix of quants with a scale for each 32 of a row. */
interface Quants {
  rows: number;
  length: number;
  quants: Int8Array;
  scales: { bits: number; value: number }[];
}

function quants(rows: number, length: number, draw: () => number, negativeScales = false): Quants {
  return {
    rows,
    length,
    quants: Int8Array.from({ length: rows * length }, draw),
    scales: Array.from({ length: (rows * length) / BLOCK }, () => half(negativeScales)),
  };
}

/** Blocks as upstream lays them out: four rows beside each other (4x4), or each for itself. */
function put(room: Room, matrix: Quants, side: 1 | 4, bits: 8 | 4): number {
  const blocks = matrix.length / BLOCK;
  const size = side * (2 + (BLOCK * bits) / 8);
  const start = room.take((matrix.rows / side) * blocks * size);
  const view = new DataView(room.memory);
  for (let group = 0; group < matrix.rows / side; group++) {
    for (let block = 0; block < blocks; block++) {
      const at = start + (group * blocks + block) * size;
      for (let row = 0; row < side; row++) {
        view.setUint16(at + 2 * row, matrix.scales[(group * side + row) * blocks + block]!.bits, true);
        const from = (group * side + row) * matrix.length + block * BLOCK;
        for (let i = 0; i < (bits === 8 ? BLOCK : BLOCK / 2); i++) {
          const place = at + 2 * side + (side === 1 ? i : 16 * (i >> 2) + 4 * row + (i & 3));
          if (bits === 8) view.setInt8(place, matrix.quants[from + i]!);
          else view.setUint8(place, (matrix.quants[from + i]! & 15) | ((matrix.quants[from + i + 16]! & 15) << 4));
        }
      }
    }
  }
  return start;
}

/** Numbers as floats or, where `isHalf` is 1 as upstream's type of those is, as half floats. */
function putFloats(room: Room, numbers: { bits: number; value: number }[], isHalf: 0 | 1): number {
  if (!isHalf) return room.floats(numbers.map(({ value }) => value));
  const start = room.take(2 * numbers.length);
  new Uint16Array(room.memory, start, numbers.length).set(numbers.map(({ bits }) => bits));
  return start;
}

/** Products of every row of `a` with every row of `b`, and the sum of magnitudes, which errors are measured by. */
function products(a: Quants, b: Quants): { value: number; size: number }[] {
  const out: { value: number; size: number }[] = [];
  for (let row = 0; row < a.rows; row++) {
    for (let column = 0; column < b.rows; column++) {
      let value = 0;
      let size = 0;
      for (let block = 0; block < a.length / BLOCK; block++) {
        let sum = 0;
        let magnitudes = 0;
        for (let i = block * BLOCK; i < (block + 1) * BLOCK; i++) {
          const product = a.quants[row * a.length + i]! * b.quants[column * b.length + i]!;
          sum += product;
          magnitudes += Math.abs(product);
        }
        const scales =
          a.scales[(row * a.length) / BLOCK + block]!.value * b.scales[(column * b.length) / BLOCK + block]!.value;
        value += sum * scales;
        size += magnitudes * Math.abs(scales);
      }
      out.push({ value, size });
    }
  }
  return out;
}

/** Of 1536 and of 96 numbers: more than are multiplied together, as they would not stay in a processor's second cache. */
const MANY_ROWS = 108;
const MANY_SHORT_ROWS = 1701;
const SIZES = [1, 3, 4, 7, 9, 16].flatMap((columns) => [4, 5, 6, 7, 13].map((rows) => [columns, rows] as const));

const draws: Record<string, () => number> = {
  random: () => integer(-127, 127),
  largest: () => 127,
  smallest: () => -127,
  'of both ends': () => (random() < 0.5 ? -128 : 127),
};

describe.each(['relaxed', 'plain'] as const)('%s kernels', (kind) => {
  let engine: Exports;
  let own: number;
  beforeAll(async () => {
    engine = await start(kind);
    own = engine['cloche_dot']!();
    if (kind === 'plain') expect(own).toBe(NONE);
  });

  const ways = (): number[] => waysOf(kind, own);

  test.each(Object.keys(draws))('multiply 8-bit and 4-bit weights that are %s', (name) => {
    const draw = draws[name]!;
    for (const bits of [8, 4] as const) {
      const weight = bits === 8 ? draw : () => Math.max(-8, Math.min(7, draw()));
      // Activations are within ±127: that is how they are quantised.
      const activation = (): number => Math.max(-127, draw());
      for (const [length, columns] of [[32, 4], [96, 12], [64, 32], [96, 76], [576, 20], [1536, 8]] as const) {
        const weights = quants(columns, length, weight, true);
        for (const rows of [1, 4, 8, ...(length === 1536 ? [MANY_ROWS] : [])]) {
          const room = new Room(engine);
          const inputs = quants(rows, length, activation);
          const x = put(room, weights, 4, bits);
          const y = put(room, inputs, rows === 1 ? 1 : 4, 8);
          const s = room.take(4 * rows * columns);
          const wanted = products(inputs, weights);
          const call = `ggml_${rows === 1 ? 'gemv' : 'gemm'}_q${bits}_0_4x4_q8_0`;
          const run = (suffix = ''): Float32Array => {
            new Float32Array(room.memory, s, rows * columns).fill(NaN);
            engine[call + suffix]!(length, s, columns, x, y, rows, columns);
            return new Float32Array(room.memory, s, rows * columns).slice();
          };
          expectInEveryWay(engine, ways(), run, wanted);
        }
      }
    }
  });

  test('multiply what upstream did not repack, every remainder of rows and columns', () => {
    for (const way of ways()) {
      engine['cloche_set_dot']!(way);
      for (const [columns, rows] of [...SIZES, [9, MANY_SHORT_ROWS] as const]) {
        const room = new Room(engine);
        const weights = quants(columns, 96, draws['random']!);
        const inputs = quants(rows, 96, draws['random']!);
        const share = room.take(8);
        new Int32Array(room.memory, share, 2).set([0, 1]);
        const stride = columns + 2;
        const s = room.take(4 * rows * stride);
        const rowOf = (r: number): number[] => [...new Float32Array(room.memory, s + 4 * r * stride, columns)];
        const [a, b] = [put(room, weights, 1, 8), put(room, inputs, 1, 8)];
        const sizes = (lengths: number[]): bigint[] => lengths.map(BigInt);
        const [m, n, blocks, one, ldc] = sizes([columns, rows, 3, 3, stride]) as [bigint, bigint, bigint, bigint, bigint];
        const sgemm = engine['llamafile_sgemm']!;
        expect(sgemm(share, m, n, blocks, a, one, b, one, s, ldc, 8, 8, 0)).toBe(1);
        expectClose(Array.from({ length: rows }, (_, r) => rowOf(r)).flat(), products(inputs, weights));

        if (rows === MANY_SHORT_ROWS) continue;
        const length = 37;
        const k = BigInt(length);
        const [left, right] = [columns, rows].map((count) => Array.from({ length: count * length }, () => half(true)));
        for (const [leftIsHalf, rightIsHalf] of [[0, 0], [1, 0], [1, 1]] as const) {
          const [p, q] = [putFloats(room, left!, leftIsHalf), putFloats(room, right!, rightIsHalf)];
          expect(sgemm(share, m, n, k, p, k, q, k, s, ldc, leftIsHalf, rightIsHalf, 0)).toBe(1);
          for (let r = 0; r < rows; r++) {
            for (let c = 0; c < columns; c++) {
              let value = 0;
              for (let i = 0; i < length; i++) value += left![c * length + i]!.value * right![r * length + i]!.value;
              expect(rowOf(r)[c]).toBeCloseTo(value, 5);
            }
          }
        }
      }
    }
    engine['cloche_set_dot']!(own);
  });

  test('raise e to any power', () => {
    const exp = engine['expf']!;
    for (let x = -110; x < 88.7; x += 0.0371) {
      const wanted = Math.fround(Math.exp(Math.fround(x)));
      // One place of a float's last, and the smallest float.
      expect(Math.abs(exp(x) - wanted)).toBeLessThanOrEqual(2 ** -23 * wanted + 2 ** -149);
    }
    expect([exp(0), exp(-Infinity), exp(Infinity), exp(1e9), exp(NaN)]).toEqual([1, 0, Infinity, Infinity, NaN]);
  });

  test('quantise with rounding to the nearest', () => {
    const room = new Room(engine);
    const values = Float32Array.from({ length: 4 * BLOCK }, (_, i) => (i < BLOCK ? 0 : (random() - 0.5) * 10 ** (i % 9)));
    const y = room.take(4 * 34);
    engine['quantize_row_q8_0']!(room.floats(values), y, BigInt(values.length));
    for (let block = 0; block < 4; block++) {
      const x = values.subarray(block * BLOCK, (block + 1) * BLOCK);
      const scale = Math.fround(Math.max(...x.map(Math.abs)) / 127);
      const factor = scale === 0 ? 0 : Math.fround(1 / scale);
      const quantised = new Int8Array(room.memory, y + 34 * block + 2, BLOCK);
      x.forEach((value, i) => expect(Math.abs(quantised[i]! - value * factor)).toBeLessThanOrEqual(0.5001));
    }
  });
});
