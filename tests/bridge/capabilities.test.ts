/** What the browser under test is known to be able to do. */

import { expect, test } from 'vitest';
import { defaultThreads, describeDevice, isIsolated } from '../../js_bridge/capabilities';
import type { Measured, Workers } from '../../js_bridge/contract.gen';
import { Rpc } from '../../js_bridge/rpc';
import { OWN_ENGINE } from './engine_workers';

test('capabilities are what this browser really has', async () => {
  const found = await describeDevice();
  expect(found).toMatchObject({ isolated: crossOriginIsolated, processors: navigator.hardwareConcurrency });
  expect(found.file_storage).toBe(true);
  expect(found.quota_bytes).toBeGreaterThan(0);
  // Without a graphics card the browser has no adapter, and then nothing of one is claimed.
  if (!found.gpu) expect(found).toMatchObject({ gpu_features: [], gpu_description: '', gpu_buffer_bytes: 0 });
});

test('the worker says whether the faster engine has been built', async () => {
  const worker = new Worker(new URL('../../js_bridge/device.worker.ts', import.meta.url), { type: 'module' });
  const { fast_engine, processors } = await new Rpc<Workers['device'], {}>(worker).call('device.describe', {});
  worker.terminate();
  expect(fast_engine).toBe(OWN_ENGINE);
  expect(processors).toBe(navigator.hardwareConcurrency);
});

test('the engine gets half the processors, at least one, and one alone without isolation', () => {
  const half = Math.max(1, Math.floor(navigator.hardwareConcurrency / 2));
  expect(defaultThreads()).toBe(isIsolated() ? half : 1);
});

test('a measurement takes about a second and never claims more cores than there are processors', async () => {
  const worker = new Worker(new URL('../../js_bridge/device.worker.ts', import.meta.url), { type: 'module' });
  const measured: Measured = await new Rpc<Workers['device'], {}>(worker).call('device.measure', {});
  worker.terminate();
  expect(measured.cpu_gflops).toBeGreaterThan(0.01);
  expect(measured.free_cores).toBeGreaterThanOrEqual(1);
  expect(measured.free_cores).toBeLessThanOrEqual(navigator.hardwareConcurrency);
  const { gpu } = await describeDevice();
  expect(measured.gpu_gflops === null).toBe(!gpu);
});
