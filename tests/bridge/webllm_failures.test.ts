/** What the graphics card throws, in words, without a graphics card. */

import { expect, test } from 'vitest';
import { RpcError } from '../../js_bridge/rpc';
import { generationFailed, loadFailed } from '../../js_bridge/webllm_failures';

test.each([
  new Error('Failed to execute "createBuffer": the buffer size exceeds the limit'),
  new Error('Out of memory'),
  Object.assign(new Error('The WebGPU device was lost while loading the model.'), { name: 'DeviceLostError' }),
])('a model that finds no room on the graphics card is told as such: %s', (thrown) => {
  expect(loadFailed(thrown)).toMatchObject({ code: 'out_of_memory', retryable: false });
  expect(loadFailed(thrown).action).toContain('smaller model');
});

test('any other failure to load keeps its reason and may be tried again; one in words stays as it is', () => {
  expect(loadFailed(new Error('Cannot find tokenizer'))).toMatchObject({
    code: 'model_load_failed',
    message: 'WebLLM could not load the model: Cannot find tokenizer',
    retryable: true,
  });
  const told = new RpcError('model_load_failed', 'There is no library.');
  expect(loadFailed(told)).toBe(told);
});

test('memory that runs out while answering restarts the engine; a long conversation does not', () => {
  expect(generationFailed(new Error('memory allocation failed')).code).toBe('engine_crashed');
  expect(generationFailed(new WebAssembly.RuntimeError('unreachable')).code).toBe('engine_crashed');
  const long = Object.assign(new Error('too long'), { name: 'ContextWindowSizeExceededError' });
  expect(generationFailed(long).code).toBe('message_too_long');
});
