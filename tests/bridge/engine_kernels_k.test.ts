/**
 * The kernels for K-quants against plain arithmetic and upstream's plain C: random and extreme numbers, one row and
 * many, with relaxed SIMD (as an x86 without VNNI has it, too) and without.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { type Exports, Room, expectInEveryWay, half, integer, random, start, waysOf } from './engine_kernels';

const BLOCK = 256;
const COLUMNS = 8;
type Draw = (from: number, to: number) => number;

const draws: Record<string, Draw> = {
  random: integer,
  largest: (_from, to) => to,
  smallest: (from) => from,
  'of both ends': (from, to) => (random() < 0.5 ? from : to),
};

/** What numbers a type has, and how upstream lays out a block of eight columns of it. */
interface Kind {
  weights: [number, number];
  scales: [number, number];
  minima: [number, number];
  /** Weights that share a scale. */
  shared: number;
  bytes: number;
  halves: number;
  put(view: DataView, at: number, part: Part): void;
}

/** One block of eight columns: [column][...]. */
interface Part {
  weights: number[][];
  scales: number[][];
  minima: number[][];
}

/** Q4_K: scales and minima have six bits, in 12 bytes for each 32 weights of the eight columns. */
function put4(view: DataView, at: number, part: Part): void {
  for (let group = 0; group < 8; group++) {
    const s = part.scales.map((scales) => scales[group]!);
    const m = part.minima.map((minima) => minima[group]!);
    for (let i = 0; i < 4; i++) {
      view.setUint8(at + 32 + 12 * group + i, s[i]! | ((s[i + 4]! & 48) << 2));
      view.setUint8(at + 36 + 12 * group + i, m[i]! | ((m[i + 4]! & 48) << 2));
      view.setUint8(at + 40 + 12 * group + i, (s[i + 4]! & 15) | ((m[i + 4]! & 15) << 4));
    }
  }
  part.weights.forEach((weights, column) =>
    weights.forEach((weight, i) => {
      const place = at + 128 + 32 * (8 * (i >> 6) + ((i & 31) >> 2)) + 4 * column + (i & 3);
      view.setUint8(place, view.getUint8(place) | (weight << (i & 32 ? 4 : 0)));
    }),
  );
}

/** Q6_K: the lower four bits of a weight, two weights a byte, and its upper two, four weights a byte. */
function put6(view: DataView, at: number, part: Part): void {
  part.weights.forEach((weights, column) => {
    part.scales[column]!.forEach((scale, group) => view.setInt8(at + 16 + COLUMNS * group + column, scale));
    weights.forEach((weight, i) => {
      const quarter = (i >> 5) & 3;
      const [low, high] = [64 * (i >> 7) + 32 * (quarter & 1) + (i & 31), 32 * (i >> 7) + (i & 31)];
      const inside = (index: number): number => 32 * (index >> 2) + 4 * column + (index & 3);
      const [ql, qh] = [at + 144 + inside(low), at + 1168 + inside(high)];
      view.setUint8(ql, view.getUint8(ql) | (((weight + 32) & 15) << (quarter & 2 ? 4 : 0)));
      view.setUint8(qh, view.getUint8(qh) | (((weight + 32) >> 4) << (2 * quarter)));
    });
  });
}

const kinds: Record<'q4_K' | 'q6_K', Kind> = {
  q4_K: { weights: [0, 15], scales: [0, 63], minima: [0, 63], shared: 32, bytes: 1152, halves: 2, put: put4 },
  q6_K: { weights: [-32, 31], scales: [-128, 127], minima: [0, 0], shared: 16, bytes: 1680, halves: 1, put: put6 },
};

/** A matrix of weights in memory, and what its numbers are: [column][i], as value and what is subtracted from it. */
function putWeights(room: Room, kind: Kind, columns: number, length: number, draw: Draw) {
  const blocks = length / BLOCK;
  const at = room.take((columns / COLUMNS) * blocks * kind.bytes);
  new Uint8Array(room.memory, at, (columns / COLUMNS) * blocks * kind.bytes).fill(0);
  const view = new DataView(room.memory);
  const weights = Array.from({ length: columns }, () => new Float64Array(length));
  const minima = Array.from({ length: columns }, () => new Float64Array(length));
  for (let group = 0; group < columns / COLUMNS; group++) {
    for (let block = 0; block < blocks; block++) {
      const to = at + (group * blocks + block) * kind.bytes;
      const many = (count: number, range: [number, number]): number[][] =>
        Array.from({ length: COLUMNS }, () => Array.from({ length: count }, () => draw(...range)));
      const part: Part = {
        weights: many(BLOCK, kind.weights),
        scales: many(BLOCK / kind.shared, kind.scales),
        minima: many(BLOCK / kind.shared, kind.minima),
      };
      kind.put(view, to, part);
      for (let column = 0; column < COLUMNS; column++) {
        const [d, dmin] = [half(true), half(true)];
        view.setUint16(to + 2 * column, d.bits, true);
        if (kind.halves === 2) view.setUint16(to + 16 + 2 * column, dmin.bits, true);
        for (let i = 0; i < BLOCK; i++) {
          const shared = Math.floor(i / kind.shared);
          const place = [COLUMNS * group + column, BLOCK * block + i] as const;
          weights[place[0]]![place[1]] = d.value * part.scales[column]![shared]! * part.weights[column]![i]!;
          minima[place[0]]![place[1]] = dmin.value * part.minima[column]![shared]!;
        }
      }
    }
  }
  return { at, weights, minima };
}

/** Rows of Q8_K: one by itself, or four beside each other; and their numbers. */
function putRows(room: Room, rows: number, length: number, draw: Draw) {
  const side = rows === 1 ? 1 : 4;
  const blocks = length / BLOCK;
  const size = 292;
  const at = room.take(rows * blocks * size);
  const view = new DataView(room.memory);
  const values = Array.from({ length: rows }, () => new Float64Array(length));
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const to = at + (Math.floor(row / side) * blocks + block) * size * side;
      const scale = Math.fround((random() - 0.5) / 100);
      view.setFloat32(to + 4 * (row % side), scale, true);
      const sums = new Int16Array(16);
      for (let i = 0; i < BLOCK; i++) {
        const quant = draw(-127, 127);
        view.setInt8(to + 4 * side + 4 * side * (i >> 2) + 4 * (row % side) + (i & 3), quant);
        sums[i >> 4]! += quant;
        values[row]![BLOCK * block + i] = scale * quant;
      }
      sums.forEach((sum, i) => {
        const place = side === 1 ? i : 16 * (i >> 2) + 4 * (row % side) + (i & 3);
        view.setInt16(to + 4 * side + BLOCK * side + 2 * place, sum, true);
      });
    }
  }
  return { at, values };
}

describe.each(['relaxed', 'plain'] as const)('%s kernels for K-quants', (simd) => {
  let engine: Exports;
  let own: number;
  beforeAll(async () => {
    engine = await start(simd);
    own = engine['cloche_dot']!();
  });

  test.each(Object.keys(draws))('multiply weights that are %s', (name) => {
    const draw = draws[name]!;
    for (const [type, kind] of Object.entries(kinds)) {
      for (const [length, columns, rows] of [
        [256, 8, 1], [512, 24, 1], [256, 64, 1], [512, 152, 1], [2304, 40, 1], [256, 8, 4], [768, 24, 8], [256, 16, 68], [1536, 16, 12],
      ] as const) {
        const room = new Room(engine);
        const weights = putWeights(room, kind, columns, length, draw);
        const inputs = putRows(room, rows, length, draw);
        const stride = columns + 4;
        const s = room.take(4 * rows * stride);
        const wanted = inputs.values.flatMap((row) =>
          weights.weights.map((column, c) => {
            let [value, size] = [0, 0];
            for (let i = 0; i < length; i++) {
              const minimum = weights.minima[c]![i]!;
              value += (column[i]! - minimum) * row[i]!;
              size += (Math.abs(column[i]!) + Math.abs(minimum)) * Math.abs(row[i]!);
            }
            return { value, size };
          }),
        );
        const call = `ggml_${rows === 1 ? 'gemv' : 'gemm'}_${type}_8x4_q8_K`;
        const run = (suffix = ''): number[] => {
          new Float32Array(room.memory, s, rows * stride).fill(NaN);
          engine[call + suffix]!(length, s, stride, weights.at, inputs.at, rows, columns);
          return Array.from({ length: rows }, (_, r) => [...new Float32Array(room.memory, s + 4 * r * stride, columns)]).flat();
        };
        expectInEveryWay(engine, waysOf(simd, own), run, wanted);
      }
    }
  });

  test('quantise four rows as upstream does', () => {
    const length = 3 * BLOCK;
    const room = new Room(engine);
    // Nothing in the first block of the second row, and rows of very different sizes.
    const values = Float32Array.from({ length: 4 * length }, (_, i) =>
      i >= length && i < length + BLOCK ? 0 : (random() - 0.5) * 10 ** (3 * Math.floor(i / length) - 5),
    );
    const x = room.floats(values);
    const size = 3 * 4 * 292;
    const [ours, theirs] = ['', '_generic'].map((suffix) => {
      const y = room.take(size);
      engine[`ggml_quantize_mat_q8_K_4x4${suffix}`]!(x, y, BigInt(length));
      return new Uint8Array(room.memory, y, size).slice();
    });
    expect(ours).toEqual(theirs);
    const view = new DataView(ours!.buffer);
    values.forEach((value, i) => {
      const [row, block, at] = [Math.floor(i / length), Math.floor((i % length) / BLOCK), i % BLOCK];
      const to = block * 4 * 292;
      const scale = view.getFloat32(to + 4 * row, true);
      const quant = view.getInt8(to + 16 + 16 * (at >> 2) + 4 * row + (at & 3));
      expect(Math.abs(quant * scale - value)).toBeLessThanOrEqual(0.5001 * Math.abs(scale));
    });
  });
});
