/**
 * A thread that helps the engine compute: the same code on the same memory.
 *
 * Owns its instance. It comes back from the engine (engine/threads.cpp) when there is nothing to do, and is called in again
 * by a number in memory that changes: a browser cannot end a worker that waits within. A thread that fails says so in
 * memory, where all others see it.
 */

import type { ThreadStart } from './cloche_engine.worker';

declare const self: DedicatedWorkerGlobalScope;

/** Products of matrices ask nothing of the page; what asks all the same gets nothing. */
const nothing = (): number => {
  throw new Error('a helping thread has no files and no log');
};

/** In browsers, but not yet in TypeScript's library. */
interface WaitingAtomics {
  waitAsync(array: Int32Array, index: number, value: number): { async: boolean; value: Promise<string> | string };
}

self.onmessage = async ({ data: { module, memory, place, failure, stop } }: MessageEvent<ThreadStart>) => {
  const wanted = WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'function');
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = { env: { memory } };
  for (const { module: from, name } of wanted) (imports[from] ??= {})[name] = nothing;
  imports['cloche'] = { stop: () => Atomics.load(stop, 0) };
  const { exports } = await WebAssembly.instantiate(module, imports);
  const call = exports as Record<string, () => number>;
  (exports['__stack_pointer'] as WebAssembly.Global).value = place;
  (exports['__wasm_init_tls'] as (place: number) => void)(place);
  self.postMessage(null);
  try {
    const order = call['cloche_thread_order']!() / 4;
    for (;;) {
      const heard = call['cloche_thread']!();
      await (Atomics as unknown as WaitingAtomics).waitAsync(new Int32Array(memory.buffer), order, heard).value;
    }
  } catch (thrown) {
    Atomics.store(new Int32Array(memory.buffer), failure / 4, 1);
    throw thrown;
  }
};
