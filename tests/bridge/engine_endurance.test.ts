/** A model in Cloche's own engine that is loaded, asked, stopped and unloaded many times leaves nothing behind. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ask,
  askForMuch,
  clearStorage,
  type EngineLink,
  fetchStarter,
  loadOf,
  LONG,
  LONGEST_MS,
  startEngine,
  stopWorkers,
} from './engine_workers';

const CYCLES = LONG ? 1000 : 20;
/** After these, what stays for good is there. */
const FIRST_CYCLES = 5;
const MOST_BYTES = 4_000_000;

interface MemoryMeasured {
  bytes: number;
}

beforeAll(async () => {
  await clearStorage();
  await fetchStarter();
});
afterAll(stopWorkers);

async function live(engine: EngineLink): Promise<void> {
  await engine.call('model.load', loadOf());
  expect((await engine.call('chat.complete', ask('Hello'))).text).toMatch(/^Hello/);
  const stop = new AbortController();
  const answer = engine.call('chat.complete', askForMuch(), { signal: stop.signal, onChunks: () => stop.abort() });
  await expect(answer).rejects.toMatchObject({ code: 'aborted' });
  await engine.call('model.unload', {});
}

/** JavaScript and WebAssembly of this page and its workers, as the browser counts. */
async function memory(): Promise<number> {
  const measuring = performance as unknown as { measureUserAgentSpecificMemory(): Promise<MemoryMeasured> };
  return (await measuring.measureUserAgentSpecificMemory()).bytes;
}

test('memory is flat over many lives of a model in one worker', async () => {
  const engine = startEngine();
  for (let i = 0; i < FIRST_CYCLES; i++) await live(engine);
  const before = await memory();
  for (let i = FIRST_CYCLES; i < CYCLES; i++) await live(engine);
  expect((await memory()) - before).toBeLessThan(MOST_BYTES);
}, LONGEST_MS);
