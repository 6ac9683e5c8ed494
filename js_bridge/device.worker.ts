/**
 * What this device allows and how fast it is, for the answer to "does it run here?".
 *
 * Owns the measurement: one thread alone, then as many as there are processors, together, then the graphics adapter. It is
 * a worker of its own because measuring keeps a thread busy; it is ended after each question, and its threads with it. It
 * does not end them itself: where a worker ends just after one that it has ended, Chromium 156 often keeps both for ever.
 */

import { describeDevice } from './capabilities';
import { engineIsBuilt } from './cloche_engine';
import type { Device, Measured, Workers } from './contract.gen';
import { measureGpu } from './gpu_matvec';
import { measureMatmul, type Rate } from './matmul';
import { Rpc } from './rpc';

declare const self: DedicatedWorkerGlobalScope;

const ALONE_MS = 120;
const TOGETHER_MS = 180;
const MOST_THREADS = 16;

async function describe(): Promise<Device> {
  const [facts, fast_engine] = await Promise.all([describeDevice(), engineIsBuilt()]);
  return { ...facts, fast_engine };
}

async function measure(): Promise<Measured> {
  const alone = measureMatmul(ALONE_MS).gflops;
  const threads = Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
  const together = threads > 1 ? await measureTogether(threads) : alone;
  return {
    cpu_gflops: alone,
    free_cores: Math.min(threads, Math.max(1, together / alone)),
    gpu_gflops: await measureGpu(),
    at: Date.now() / 1000,
  };
}

/** The rates of so many threads at the same time, added up. */
async function measureTogether(count: number): Promise<number> {
  const threads = Array.from(
    { length: count },
    () => new Worker(new URL('./matmul.worker.ts', import.meta.url), { type: 'module' }),
  );
  const answerOf = <T>(thread: Worker): Promise<T> =>
    new Promise((resolve, reject) => {
      thread.onmessage = ({ data }: MessageEvent<T>) => resolve(data);
      thread.onerror = ({ message }) => reject(new Error(message));
    });
  await Promise.all(threads.map(answerOf));
  const rates = threads.map((thread) => answerOf<Rate>(thread));
  for (const thread of threads) thread.postMessage(TOGETHER_MS);
  return (await Promise.all(rates)).reduce((sum, { gflops }) => sum + gflops, 0);
}

new Rpc<{}, Workers['device']>(self).serve({ 'device.describe': describe, 'device.measure': measure });
