/** Loading, asking, stopping and unloading a thousand times leaves nothing behind; tests/e2e/test_memory.py does it twenty times. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, askForMuch, clearStorage, fetchStarter, LONG, LONGEST_MS, loadOf, startEngine, stopWorkers } from './engine_workers';

const CYCLES = 1000;
/** What is made once and stays, such as compiled code, is there after these. */
const FIRST_CYCLES = 2;
/** One model that stayed would be several times as much. */
const MOST_BYTES = 4_000_000;
const PATIENCE_MS = 60_000;

beforeAll(async () => {
  if (!LONG) return;
  await clearStorage();
  await fetchStarter();
});
afterAll(stopWorkers);

interface Memory {
  bytes: number;
  breakdown: { attribution: { url: string }[] }[];
}

/** What the page and its workers take, as the browser counts, when it has ended the engine's: it does so in its own time. */
async function bytes(): Promise<number> {
  const measuring = performance as unknown as { measureUserAgentSpecificMemory(): Promise<Memory> };
  for (const started = performance.now(); performance.now() - started < PATIENCE_MS; ) {
    const found = await measuring.measureUserAgentSpecificMemory();
    const urls = found.breakdown.flatMap(({ attribution }) => attribution.map(({ url }) => url));
    if (!urls.some((url) => url.includes('cloche_engine.worker'))) return found.bytes;
  }
  throw new Error('A worker of the engine goes on without a model.');
}

test.runIf(LONG)('a model that comes and goes takes no more memory than at first', async () => {
  const engine = startEngine();
  const cycle = async (): Promise<void> => {
    await engine.call('model.load', loadOf());
    expect((await engine.call('chat.complete', ask('Hello'))).text).toMatch(/^Hello/);
    const stop = new AbortController();
    const stopped = engine.call('chat.complete', askForMuch(), { signal: stop.signal, onChunks: () => stop.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    await engine.call('model.unload', {});
  };
  for (let i = 0; i < FIRST_CYCLES; i++) await cycle();
  const before = await bytes();
  for (let i = FIRST_CYCLES; i < CYCLES; i++) await cycle();
  expect((await bytes()) - before).toBeLessThan(MOST_BYTES);
}, LONGEST_MS + 3 * PATIENCE_MS);
