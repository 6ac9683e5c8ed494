/** What the browser under test is known to be able to do. */

import { expect, test } from 'vitest';
import { capabilities, defaultThreads, isIsolated } from '../../js_bridge/capabilities';

test('capabilities are what this browser really has', async () => {
  const found = await capabilities();
  expect(found).toMatchObject({ isolated: crossOriginIsolated, processors: navigator.hardwareConcurrency });
  expect(found.file_storage).toBe(true);
  expect(found.storage.quota_bytes).toBeGreaterThan(0);
  // Without a graphics card the browser has no adapter, and then nothing of one is claimed.
  if (!found.webgpu.adapter) expect(found.webgpu).toMatchObject({ shader_f16: false, description: '' });
});

test('the engine gets half the processors, at least one, and one alone without isolation', () => {
  const half = Math.max(1, Math.floor(navigator.hardwareConcurrency / 2));
  expect(defaultThreads()).toBe(isIsolated() ? half : 1);
});
