/**
 * The thread in which Cloche's own engine computes.
 *
 * Owns the WebAssembly instance: gives it the model's files, lets it compute step by step, and looks between two steps
 * whether it is to stop. Where memory can be shared, the engine itself looks at `stop` while it computes. What the
 * steps bring goes out as it is; cloche_engine.ts makes sense of it, and ends this thread when something goes wrong.
 */

import { Rpc, RpcError } from './rpc';
import { type ReadableFile, Wasi } from './wasi';

declare const self: DedicatedWorkerGlobalScope;

/** A file by the name the engine opens it by; `handle` where it lies in OPFS. */
export interface EngineFile {
  name: string;
  file: Blob;
  handle: FileSystemFileHandle | undefined;
}

export interface LoadRequest {
  module: WebAssembly.Module;
  files: EngineFile[];
  /** One integer that is not 0 when the running request is to end. */
  stop: Int32Array;
  /** What engine/glue.cpp's `cloche_load` takes. */
  request: Record<string, unknown>;
}

export interface Loaded {
  context_window: number;
  images: boolean;
}

/** What one step brought; `chunks` are OpenAI's. */
export interface Step {
  chunks: unknown[];
  tokens: number[];
  done: boolean;
  image_ms: number;
  /** Tokens of all pictures of the request. */
  image_tokens: number;
  /** What the instance holds; it never gives any back. */
  memory_bytes: number;
}

export type EngineMethods = {
  load: { params: LoadRequest; result: Loaded };
  chat: { params: Record<string, unknown>; result: null };
  count: { params: { text: string }; result: number };
  /** Ends the running request after the step it is in. */
  stop: { params: null; result: null };
};
export type EngineStreams = { chat: Step };
/** Lines that the engine writes. */
export type EngineEvents = { line: string };

type Call = 'cloche_load' | 'cloche_chat' | 'cloche_step' | 'cloche_cancel' | 'cloche_count';

class Engine {
  private trap: Error | undefined;

  private constructor(
    private readonly exports: Record<string, (...values: number[]) => number>,
    private readonly memory: WebAssembly.Memory,
  ) {}

  static async start(
    module: WebAssembly.Module,
    files: ReadonlyMap<string, ReadableFile>,
    stop: Int32Array,
    onLine: (line: string) => void,
  ): Promise<Engine> {
    const wasi = new Wasi(files, onLine);
    const instance = await WebAssembly.instantiate(module, {
      wasi_snapshot_preview1: wasi.imports(module),
      cloche: { stop: () => Atomics.load(stop, 0) },
    });
    wasi.start(instance);
    const { exports } = instance;
    return new Engine(exports as never, exports['memory'] as WebAssembly.Memory);
  }

  /** Calls one of glue.cpp's functions; throws "refused" with what it says. A trap ends the instance for good. */
  call<T>(name: Call, input = ''): T {
    if (this.trap) throw this.trap;
    let answer: { error?: { message: string } };
    try {
      answer = this.run(name, input);
    } catch (thrown) {
      throw (this.trap = thrown as Error);
    }
    if (answer.error) throw new RpcError('refused', String(answer.error.message));
    return answer as T;
  }

  get memoryBytes(): number {
    return this.memory.buffer.byteLength;
  }

  private run(name: Call, input: string): { error?: { message: string } } {
    const { exports } = this;
    const bytes = new TextEncoder().encode(input);
    const at = exports['cloche_input']!(bytes.length) >>> 0;
    new Uint8Array(this.memory.buffer).set(bytes, at);
    const start = exports[name]!() >>> 0;
    const length = exports['cloche_output_size']!() >>> 0;
    return JSON.parse(new TextDecoder().decode(new Uint8Array(this.memory.buffer, start, length)));
  }
}

/** Locks that others may share are in browsers that have OPFS, but not yet in TypeScript's library. */
interface SharedFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(options?: { mode: 'read-only' }): Promise<FileSystemSyncAccessHandle>;
}

let engine: Engine | undefined;
let stop = new Int32Array(1);
let stopped = false;

/** Puts a turn of the message queue between two steps, so that a stop can come in and batches can go out. */
const turn = new MessageChannel();
const turned: (() => void)[] = [];
turn.port1.onmessage = () => turned.shift()?.();
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    turned.push(resolve);
    turn.port2.postMessage(null);
  });
}

interface OpenFile extends ReadableFile {
  close?(): void;
}

async function opened({ name, file, handle }: EngineFile): Promise<[string, OpenFile]> {
  // Where somebody else holds the file it is read as a Blob.
  const shared = (handle as SharedFileHandle | undefined)?.createSyncAccessHandle({ mode: 'read-only' });
  const access = await shared?.catch(() => undefined);
  if (access) {
    const read = (into: Uint8Array, at: number): number => access.read(into as never, { at });
    return [name, { size: file.size, read, close: () => access.close() }];
  }
  const reader = new FileReaderSync();
  const read = (into: Uint8Array, at: number): number => {
    const bytes = new Uint8Array(reader.readAsArrayBuffer(file.slice(at, at + into.length)));
    into.set(bytes);
    return bytes.length;
  };
  return [name, { size: file.size, read }];
}

const rpc = new Rpc<{}, EngineMethods, EngineEvents, EngineStreams>(self);
rpc.serve({
  async load({ module, files, stop: shared, request }) {
    stop = shared as Int32Array<ArrayBuffer>;
    const model = new Map(await Promise.all(files.map(opened)));
    try {
      engine = await Engine.start(module, model, stop, (line) => rpc.emit([['line', line]]));
      return engine.call<Loaded>('cloche_load', JSON.stringify(request));
    } finally {
      // The engine has read everything; whoever wants to delete the files may.
      for (const file of model.values()) file.close?.();
    }
  },
  async chat(request, { push }) {
    const running = engine as Engine;
    stopped = false;
    running.call('cloche_chat', JSON.stringify(request));
    for (;;) {
      const step = running.call<Omit<Step, 'memory_bytes'>>('cloche_step');
      push({ ...step, memory_bytes: running.memoryBytes });
      if (step.done) return null;
      await nextTurn();
      if (stopped || Atomics.load(stop, 0) !== 0) {
        running.call('cloche_cancel');
        throw new RpcError('aborted', 'Stopped on request.');
      }
    }
  },
  stop() {
    stopped = true;
    return null;
  },
  count: ({ text }) => (engine as Engine).call<{ tokens: number }>('cloche_count', text).tokens,
});
