/**
 * Crashes in a row, each a real trap of the WASM: the worker goes on with the model from OPFS, and the same picture is
 * seen. A few in each run; VITE_CRASHES=100 for a long one.
 */
import { afterEach, beforeAll, expect, test } from 'vitest';
import { circle, clearStorage, fetchStarter, loadOf, startGlassEngine, stopWorkers, withPicture } from './engine_workers';

const CRASHES = Number(import.meta.env['VITE_CRASHES'] ?? 8);

beforeAll(async () => {
  await clearStorage();
  await fetchStarter();
});
afterEach(stopWorkers);

test(`${CRASHES} crashes in a row are ${CRASHES} recoveries`, async () => {
  const { engine, blow } = startGlassEngine();
  await engine.call('model.load', loadOf());
  const request = { ...withPicture(await circle('red', 128, 128), 'What color is the circle?'), max_tokens: 8 };
  let recovered = 0;
  for (let i = 0; i < CRASHES; i++) {
    blow();
    await expect(engine.call('chat.complete', request)).rejects.toMatchObject({ code: 'engine_crashed', retryable: true });
    // What Python does then: the same worker hands out the replacement, and the picture is looked at once more.
    await engine.call('model.load', loadOf());
    if ((await engine.call('chat.complete', request)).text.includes('red')) recovered += 1;
  }
  expect(recovered).toBe(CRASHES);
}, 600_000);
