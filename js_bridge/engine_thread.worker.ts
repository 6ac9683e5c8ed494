/**
 * A thread that helps the engine compute: the same code on the same memory.
 *
 * Owns its instance. It never comes back from the engine (engine/threads.cpp) and ends with the worker that started it. A
 * thread that fails says so in memory, where all others see it.
 */

import type { ThreadStart } from './cloche_engine.worker';

declare const self: DedicatedWorkerGlobalScope;

/** Products of matrices ask nothing of the page; what asks all the same gets nothing. */
const nothing = (): number => {
  throw new Error('a helping thread has no files and no log');
};

self.onmessage = async ({ data: { module, memory, place, failure } }: MessageEvent<ThreadStart>) => {
  const wanted = WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'function');
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = { env: { memory } };
  for (const { module: from, name } of wanted) (imports[from] ??= {})[name] = nothing;
  const { exports } = await WebAssembly.instantiate(module, imports);
  (exports['__stack_pointer'] as WebAssembly.Global).value = place;
  (exports['__wasm_init_tls'] as (place: number) => void)(place);
  self.postMessage(null);
  try {
    (exports['cloche_thread'] as () => void)();
  } catch (thrown) {
    Atomics.store(new Int32Array(memory.buffer), failure / 4, 1);
    throw thrown;
  }
};
