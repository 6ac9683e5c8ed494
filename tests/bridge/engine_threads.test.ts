/**
 * The thread of Cloche's engine and those that help it: the same answers with any number of them, no waiting for one that
 * failed, and a stop that comes in while a batch is read.
 */

import { afterEach, expect, test } from 'vitest';
import { Rpc } from '../../js_bridge/rpc';
import { engineCode } from '../../js_bridge/cloche_engine';
import type { EngineEvents, EngineMethods, EngineStreams, LoadRequest, Step } from '../../js_bridge/cloche_engine.worker';
import { circle, keep, OWN_ENGINE, PROJECTOR, STARTER, stopWorkers, WEIGHTS, words } from './engine_workers';

type Engine = Rpc<EngineMethods, {}, EngineEvents, EngineStreams>;

/** Also more threads than processors: they only take longer. */
const COUNTS = [1, 2, 3];
const TIMES = 8;

afterEach(stopWorkers);

function newWorker(): Worker {
  return new Worker(new URL('../../js_bridge/cloche_engine.worker.ts', import.meta.url), { type: 'module' });
}

interface Start {
  worker?: Worker;
  stop?: Int32Array<SharedArrayBuffer>;
  /** Whether fewer threads compute where that is faster. */
  fewer?: boolean;
}

const newStop = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(4));

async function start(threads: number, { worker = newWorker(), stop = newStop(), fewer = false }: Start = {}): Promise<Engine> {
  const engine: Engine = new Rpc(keep(worker));
  const files = STARTER.map(async ({ name, url: at }) => ({ name, file: await (await fetch(`/${at}`)).blob(), handle: undefined }));
  const loaded = await engine.call('load', {
    module: (await engineCode())!.module,
    files: await Promise.all(files),
    stop,
    helpers: threads - 1,
    prompts: undefined,
    request: {
      ...{ weights: `/${WEIGHTS.name}`, projector: `/${PROJECTOR.name}`, adapters: [], adapter_scale: 1, cache_type: 'f16' },
      ...{ context_window: 2048, threads, fewer_threads: fewer, batch: 512, vectors: false, pooling: '' },
    },
  } satisfies LoadRequest);
  expect(loaded.threads).toBe(threads);
  return engine;
}

async function tokensOf(engine: Engine, content: unknown): Promise<number[]> {
  const tokens: number[] = [];
  const request = { messages: [{ role: 'user', content }], max_tokens: 24, temperature: 0, stream: true };
  await engine.call('chat', request, { onChunks: (steps: Step[]) => steps.forEach((step) => tokens.push(...step.tokens)) });
  return tokens;
}

async function pictureQuestion(): Promise<unknown> {
  const bytes = await circle('red', 128, 128);
  const url = `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}`;
  return [
    { type: 'image_url', image_url: { url } },
    { type: 'text', text: 'Describe what you see.' },
  ];
}

test.skipIf(!OWN_ENGINE)(
  'says the same with any number of threads',
  async () => {
    const questions = ['Hello', words(300), await pictureQuestion(), 'What can you do?'];
    const told: number[][][] = [];
    for (const [count, fewer] of [...COUNTS.map((count) => [count, false] as const), [2, true] as const]) {
      const engine = await start(count, { fewer });
      told.push([]);
      for (let i = 0; i < TIMES; i++) told.at(-1)!.push(await tokensOf(engine, questions[i % questions.length]));
      stopWorkers();
    }
    expect(told[0]!.every((tokens) => tokens.length > 0)).toBe(true);
    for (const others of told.slice(1)) expect(others).toEqual(told[0]);
  },
  240_000,
);

test.skipIf(!OWN_ENGINE)('does not wait for a thread that failed', async () => {
  const url = new URL('./engine_with_lost_thread.worker.ts', import.meta.url);
  await expect(start(2, { worker: new Worker(url, { type: 'module' }) })).rejects.toMatchObject({ code: 'internal', message: 'unreachable' });
});

test.skipIf(!OWN_ENGINE)('stops in the middle of a batch, and then reads the same as before', async () => {
  const stop = newStop();
  const engine = await start(1, { stop });
  const before = await tokensOf(engine, words(300));
  Atomics.store(stop, 0, 1);
  // Between two batches the worker itself would see it, and say "aborted".
  await expect(tokensOf(engine, words(400))).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('Stopped') });
  Atomics.store(stop, 0, 0);
  expect(await tokensOf(engine, words(300))).toEqual(before);
});
