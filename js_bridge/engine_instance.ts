/**
 * An instance of Cloche's own engine in this thread.
 *
 * Owns its memory, which other threads may share, and what it imports. What is asked of it is others' business.
 */

import { type ReadableFile, Wasi, type WritableFile } from './wasi';

export interface EngineInstance {
  /** The functions of engine/glue.cpp and engine/threads.cpp. */
  exports: Record<string, (...values: number[]) => number>;
  memory: WebAssembly.Memory;
}

/** The same as in py_app/toolchain/engine.py, in pages of 64 KiB. */
const MEMORY = { initial: 512, maximum: 65_536, shared: true };

/** `stop` says whether the running request is to end: 1 or 0. */
export async function startInstance(
  module: WebAssembly.Module,
  files: ReadonlyMap<string, ReadableFile | WritableFile>,
  stop: () => number = () => 0,
  onLine: (line: string) => void = () => undefined,
): Promise<EngineInstance> {
  const memory = new WebAssembly.Memory(MEMORY);
  const { exports } = await WebAssembly.instantiate(module, {
    env: { memory },
    wasi_snapshot_preview1: new Wasi(memory, files, onLine).imports(module),
    cloche: { stop },
  });
  (exports['_initialize'] as () => void)();
  return { exports: exports as EngineInstance['exports'], memory };
}
