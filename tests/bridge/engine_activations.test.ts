/** Softmax, SiLU, SwiGLU, GELU and GEGLU of the engine against plain arithmetic: every tail, and extreme numbers. */

import { beforeAll, describe, expect, test } from 'vitest';
import { type Exports, Room, random, start } from './engine_kernels';

const LENGTHS = [1, 3, 4, 7, 64, 129];
const PRECISION = 1.2e-6;
const EXTREMES = [0, -0, 1e-30, 88, -88, 87, -87, 200, -200, 3e38, -3e38];

/** Of GELU, which is looked up for half floats and given in them. */
const HALF_PRECISION = 2 ** -10;
const LEAST_HALF = 2 ** -24;

const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * x * (1 + 0.044715 * x * x)));
const quickGelu = (x: number): number => x / (1 + Math.exp(-1.702 * x));
const silu = (x: number): number => x / (1 + Math.exp(-x));

describe.each(['relaxed', 'plain'] as const)('activations, %s', (kind) => {
  let engine: Exports;
  let room: Room;
  beforeAll(async () => {
    engine = await start(kind);
    room = new Room(engine);
  });

  const drawn = (count: number, spread: number): Float32Array => Float32Array.from({ length: count }, () => (random() - 0.5) * spread);

  /** `run` is given the function and a place for the result. */
  function expectRight(name: string, wanted: readonly number[], run: (call: Exports[string], result: number) => void): void {
    const result = room.floats(new Float32Array(wanted.length + 1).fill(7));
    run(engine[`__wrap_ggml_vec_${name}_f32`]!, result);
    const found = new Float32Array(room.memory, result, wanted.length + 1);
    wanted.forEach((value, at) => {
      const error = Math.abs(found[at]! - value);
      // What e^x is too small for a float in, counts as nothing.
      if (!(error <= PRECISION * Math.abs(value) + 1e-34)) expect.fail(`${name} at ${at}: ${found[at]} instead of ${value}`);
    });
    expect(found[wanted.length]).toBe(7);
  }

  test.each(LENGTHS)('of %i numbers', (count) => {
    for (const x of [drawn(count, 8), drawn(count, 200), Float32Array.from({ length: count }, (_, i) => EXTREMES[i % EXTREMES.length]!)]) {
      const [values, gates] = [room.floats(x), drawn(count, 2)];
      const given = room.floats(gates);
      expectRight('silu', [...x].map(silu), (call, result) => call!(count, result, values));
      expectRight('swiglu', [...x].map((each, at) => silu(each) * gates[at]!), (call, result) => call!(count, result, values, given));
      const most = Math.max(...x);
      const powers = [...x].map((each) => Math.exp(Math.fround(each - most)));
      expectRight('soft_max', powers, (call, result) => {
        const sum = call!(count, result, values, most);
        const total = powers.reduce((all, each) => all + each, 0);
        expect(Math.abs(sum - total)).toBeLessThan(1e-6 * total);
      });
    }
  });

  test.each(LENGTHS)('GELU of %i numbers', (count) => {
    const within = (found: number, wanted: number, x: number, gate = 1): void => {
      const allowed = (HALF_PRECISION * (Math.abs(wanted) + Math.min(10, Math.abs(x))) + LEAST_HALF) * Math.abs(gate);
      if (!(Math.abs(found - wanted * gate) <= allowed)) expect.fail(`of ${x}: ${found} instead of ${wanted * gate}`);
    };
    for (const x of [drawn(count, 4), drawn(count, 24), Float32Array.from({ length: count }, (_, i) => EXTREMES[i % EXTREMES.length]!)]) {
      const [values, gates, result] = [room.floats(x), drawn(count, 2), room.floats(new Float32Array(count + 1).fill(7))];
      const given = room.floats(gates);
      const found = (): Float32Array => new Float32Array(room.memory, result, count + 1);
      engine['cloche_gelu']!(0, count, 1, result, values, 0);
      x.forEach((each, at) => within(found()[at]!, gelu(each), each));
      engine['cloche_gelu']!(1, count, 1, result, values, 0);
      x.forEach((each, at) => within(found()[at]!, quickGelu(each), each));
      engine['cloche_gelu']!(2, count, 1, result, values, given);
      x.forEach((each, at) => within(found()[at]!, gelu(each), each, gates[at]!));
      expect(found()[count]).toBe(7);
    }
  });

  test.each([1, 2, 3, 5])('GEGLU of the halves of %i rows, either first', (rows) => {
    const width = 7;
    const x = drawn(2 * width * rows, 8);
    const [values, result] = [room.floats(x), room.floats(new Float32Array(width * rows))];
    for (const [form, first, second] of [[3, 0, width], [4, width, 0]] as const) {
      engine['cloche_gelu']!(form, width, rows, result, values, 0);
      new Float32Array(room.memory, result, width * rows).forEach((found, at) => {
        const row = 2 * width * Math.floor(at / width);
        const [value, gate] = [x[row + first + (at % width)]!, x[row + second + (at % width)]!];
        expect(Math.abs(found - gelu(value) * gate)).toBeLessThan(8 * HALF_PRECISION * Math.abs(gate) + LEAST_HALF);
      });
    }
  });

  test('GELU of what is no number is none', () => {
    const values = room.floats([NaN, 1, Infinity, -Infinity]);
    engine['cloche_gelu']!(0, 4, 1, values, values, 0);
    const found = [...new Float32Array(room.memory, values, 4)];
    expect([found[0], found[2], found[3]]).toEqual([NaN, Infinity, 0]);
  });

  test('what is masked counts for nothing', () => {
    const x = Float32Array.from([1, -Infinity, 2, -Infinity, -Infinity]);
    const result = room.floats(x);
    const sum = engine['__wrap_ggml_vec_soft_max_f32']!(x.length, result, result, 2);
    const found = [...new Float32Array(room.memory, result, x.length)];
    expect(found.map((each) => each > 0)).toEqual([true, false, true, false, false]);
    expect(sum).toBeCloseTo(1 + Math.exp(-1), 6);
  });
});
