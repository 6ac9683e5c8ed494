/**
 * A small matmul, run for a while, as a measure of what one thread does in a second.
 *
 * Owns the arithmetic and its clock. What follows from the rate is decided elsewhere.
 */

const SIZE = 128;
const WARM_UP_MS = 40;

export interface Rate {
  /** Billions of multiplications and additions a second. */
  gflops: number;
}

/** Multiplies for about `ms` milliseconds, after a moment for the compiler. */
export function measureMatmul(ms: number): Rate {
  const a = new Float32Array(SIZE * SIZE).fill(0.5);
  const b = new Float32Array(SIZE * SIZE).fill(0.25);
  const out = new Float32Array(SIZE * SIZE);
  run(a, b, out, WARM_UP_MS);
  return { gflops: run(a, b, out, ms) };
}

function run(a: Float32Array, b: Float32Array, out: Float32Array, ms: number): number {
  const startedAt = performance.now();
  let rounds = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    multiply(a, b, out);
    rounds += 1;
    elapsed = performance.now() - startedAt;
  }
  return (2 * SIZE ** 3 * rounds) / (elapsed * 1e6);
}

/** out = a * b, row by row, so that the inner loop runs along memory. */
function multiply(a: Float32Array, b: Float32Array, out: Float32Array): void {
  out.fill(0);
  for (let i = 0; i < SIZE; i++) {
    for (let k = 0; k < SIZE; k++) {
      const factor = a[i * SIZE + k] as number;
      for (let j = 0; j < SIZE; j++) out[i * SIZE + j] = (out[i * SIZE + j] as number) + factor * (b[k * SIZE + j] as number);
    }
  }
}
