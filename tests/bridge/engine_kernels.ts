/** What tests of the engine's kernels share: an engine of its own, room in its memory, numbers to multiply. */

import { expect } from 'vitest';
import { startInstance } from '../../js_bridge/engine_instance';

export type Exports = Record<string, (...values: (number | bigint)[]) => number>;

const FOLDER = new URL('/engine/', location.href);
/** Of enum `Dot` of engine/kernels.h. */
export const SEVEN_BITS = 1;
export const NONE = 0;

export async function start(kind: 'relaxed' | 'plain'): Promise<Exports> {
  const manifest = await (await fetch(new URL('engine.json', FOLDER))).json();
  const module = await WebAssembly.compileStreaming(fetch(new URL(manifest.files[kind], FOLDER)));
  const { exports, memory } = await startInstance(module, new Map());
  exports['ggml_cpu_init']!();
  return { ...exports, memory } as unknown as Exports;
}

let seed = 1;
export function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
export const integer = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));

/** A half float and its value. */
export function half(negativeToo: boolean): { bits: number; value: number } {
  const bits = integer(0x0001, 0x3c00);
  const exponent = bits >> 10;
  const fraction = (bits & 1023) / 1024;
  const value = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
  const sign = negativeToo && random() < 0.5;
  return { bits: sign ? bits | 0x8000 : bits, value: sign ? -value : value };
}

export class Room {
  private at: number;
  constructor(
    private readonly exports: Exports,
    size = 1 << 24,
  ) {
    this.at = (exports['cloche_input']!(size) + 63) & ~63;
  }

  take(size: number): number {
    const start = this.at;
    this.at = (this.at + size + 63) & ~63;
    return start;
  }

  get memory(): ArrayBuffer {
    return (this.exports['memory'] as unknown as WebAssembly.Memory).buffer;
  }

  floats(values: ArrayLike<number>): number {
    const start = this.take(4 * values.length);
    new Float32Array(this.memory, start, values.length).set(values);
    return start;
  }
}

/** Floats are added up in 32 bits; upstream's plain C adds up eight times as many of them as the kernels do. */
export const PRECISION = 1e-5;

export function expectClose(found: ArrayLike<number>, wanted: { value: number; size: number }[], precision = PRECISION): void {
  wanted.forEach(({ value, size }, i) => {
    const error = Math.abs(found[i]! - value);
    if (!(error <= precision * size)) expect.fail(`at ${i}: ${found[i]} instead of ${value}`);
  });
}

/** The ways in which a build can take dot products, the machine's own first. */
export function waysOf(kind: 'relaxed' | 'plain', own: number): number[] {
  return kind === 'plain' ? [own] : [own, SEVEN_BITS, NONE];
}

/** Expects upstream's plain C to give what is wanted, and the kernels, too, the same bit for bit in each of these ways. */
export function expectInEveryWay(
  engine: Exports,
  ways: readonly number[],
  run: (suffix?: string) => ArrayLike<number>,
  wanted: { value: number; size: number }[],
): void {
  expectClose(run('_generic'), wanted, 8 * PRECISION);
  const results = ways.map((way) => {
    engine['cloche_set_dot']!(way);
    return run();
  });
  engine['cloche_set_dot']!(ways[0]!);
  for (const result of results) {
    expectClose(result, wanted);
    expect(result).toEqual(results[0]);
  }
}
