/** What the graphics card throws, in words, without a graphics card. */

import { expect, test } from 'vitest';
import { RpcError } from '../../js_bridge/rpc';
import { generationFailed, loadFailed, lostWhileLoading, lostWithModel } from '../../js_bridge/webllm_failures';

test.each([
  new Error('Failed to execute "createBuffer": the buffer size exceeds the limit'),
  new Error('Out of memory'),
])('a model that finds no room on the graphics card is told as such: %s', (thrown) => {
  expect(loadFailed(thrown)).toMatchObject({ code: 'out_of_memory', retryable: false });
  expect(loadFailed(thrown).action).toContain('smaller model');
});

test('a card that goes away is not taken for one that is too small, whatever WebLLM guesses', () => {
  const guess = 'The WebGPU device was lost while loading the model, often due to running out of memory (OOM).';
  const lost = loadFailed(Object.assign(new Error(guess), { name: 'DeviceLostError' }));
  expect(lost).toMatchObject({ code: 'model_load_failed', retryable: true });
  expect(lost.message).toContain('taken away');
  const why = 'The driver was updated.';
  expect(lostWhileLoading({ why, outOfMemory: false }).message).toContain(why);
  expect(lostWhileLoading({ why, outOfMemory: true })).toMatchObject({ code: 'out_of_memory', retryable: false });
  expect(lostWithModel({ why, outOfMemory: false }).message).toContain('taken away');
  expect(lostWithModel({ why, outOfMemory: true })).toMatchObject({ code: 'engine_crashed', retryable: true });
  expect(lostWithModel({ why, outOfMemory: true }).message).toContain('ran out of memory');
});

test.each([
  Object.assign(new Error('The module has errors'), { name: 'GPUPipelineError' }),
  new Error('[Invalid ShaderModule] is invalid. While calling createComputePipelineAsync'),
])('programs that the driver refuses lead to an update, or to a model that needs none: %s', (thrown) => {
  expect(loadFailed(thrown)).toMatchObject({ code: 'model_load_failed', retryable: true });
  expect(loadFailed(thrown).message).toContain('driver refused');
  expect(loadFailed(thrown).action).toContain('llama.cpp');
});

test('an extension that is missing is not taken for a fault of the driver', () => {
  const thrown = new Error('This model requires WebGPU extension shader-f16, which is not enabled in this browser.');
  expect(loadFailed(thrown).message).toContain('shader-f16');
  expect(loadFailed(thrown).message).not.toContain('driver');
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

test('memory that runs out while answering, or a card that goes, restarts the engine; a long conversation does not', () => {
  expect(generationFailed(new Error('memory allocation failed')).code).toBe('engine_crashed');
  expect(generationFailed(new WebAssembly.RuntimeError('unreachable')).code).toBe('engine_crashed');
  const gone = new DOMException('The device was destroyed.', 'AbortError');
  expect(generationFailed(gone)).toMatchObject({ code: 'engine_crashed', retryable: true });
  const long = Object.assign(new Error('too long'), { name: 'ContextWindowSizeExceededError' });
  expect(generationFailed(long).code).toBe('message_too_long');
});
