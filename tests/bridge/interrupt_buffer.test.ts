/** Signals to Python that never lets go: each one arrives. */
import { expect, test } from 'vitest';

const LOOPS = 5_000;

test('no signal is lost in a loop that looks for it all the time', async () => {
  const interrupt = new Uint8Array(new SharedArrayBuffer(1));
  const worker = new Worker(new URL('./interrupted.worker.ts', import.meta.url), { type: 'module' });
  let begun = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      worker.addEventListener('error', (event) => reject(new Error(event.message)));
      worker.addEventListener('message', ({ data }: MessageEvent<number | 'ended'>) => {
        if (data === 'ended') return resolve();
        begun += 1;
        interrupt[0] = 2;
      });
      worker.postMessage({ loops: LOOPS, interrupt });
    });
  } finally {
    worker.terminate();
  }
  expect(begun).toBe(LOOPS);
});
